// The flags that our processes set for V8.

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const module = new URL('../../../server/ipc/process-start.ts', import.meta.url).href;

test('this release of Node knows the flags by which code is optimised early', () => {
  // V8 says on stderr what it does not know.
  const script = `import('${module}').then(({ optimizeEarly }) => optimizeEarly())`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
