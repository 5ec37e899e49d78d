// The modules of Node itself that our processes load.

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const server = new URL('../../../server/', import.meta.url).href;

test.each(['processes/supervisor', 'gateway/gateway', 'side/side', 'rehearsal/host'])(
  '%s does without the undici that is part of Node',
  (name) => {
    const script = `import('${server}${name}.ts').then(() => console.log(process.moduleLoadList.join()))`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toContain('NativeModule http');
    expect(stdout).not.toContain('undici');
  },
);
