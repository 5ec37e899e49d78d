// The memory of a process against its limits: V8's, those of a cgroup as the kernel writes them, and a configured one.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { measureMemory, partOf, SEMI_SPACE_MIB, workingSet } from '../../../../server/platform/load/memory-use.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const MIB = 2 ** 20;

test('a configured limit is compared with what is resident', () => {
  const use = measureMemory(100 * MIB);
  expect(use).toMatchObject({ of: 'process', limitBytes: 100 * MIB });
  expect(use.usedBytes / process.memoryUsage.rss()).toBeCloseTo(1, 1);
});

test('the fullest part counts: the heap where the other limit is far', () => {
  const use = measureMemory(2 ** 50);
  expect(use.of).toBe('heap');
  expect(partOf(use)).toBeGreaterThan(0);
  expect(partOf(use)).toBeLessThan(1);
});

test('the limit of the heap is the one that a gateway process is started with', () => {
  const module = new URL('../../../../server/platform/load/memory-use.ts', import.meta.url).href;
  const flags = ['--max-old-space-size=64', `--max-semi-space-size=${SEMI_SPACE_MIB}`, '--input-type=module'];
  const program = `import { measureMemory } from '${module}'; console.log(measureMemory(${2 ** 50}).limitBytes)`;
  expect(Number(execFileSync(process.execPath, [...flags, '--eval', program], { env: {} }))).toBe(64 * MIB);
});

test('the working set of a cgroup is its memory without inactive pages of files', () => {
  const root = temporaryFolder('cgroup');
  const own = join(root, 'own');
  mkdirSync(join(root, 'system.slice/trunkline.service'), { recursive: true });
  const folder = join(root, 'system.slice/trunkline.service');
  writeFileSync(own, '1:name=systemd:/other\n0::/system.slice/trunkline.service\n');
  writeFileSync(join(folder, 'memory.current'), '5000\n');
  writeFileSync(join(folder, 'memory.stat'), 'anon 3000\ninactive_file 1500\nactive_file 500\n');
  expect(workingSet(root, own)).toBe(3500);
});

test('a cgroup whose files are not there has no working set that could be told', () => {
  const root = temporaryFolder('cgroup');
  expect(workingSet(root, join(root, 'own'))).toBeUndefined();
});
