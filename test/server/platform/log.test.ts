// The log on a terminal, into files, and where nobody can write: lines are lost there, and the process goes on.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { textLine } from '../../../server/platform/log.ts';

const module = fileURLToPath(new URL('../../../server/platform/log.ts', import.meta.url));
/** Logs 20 lines, one after the other, and says on stderr that it lives. */
const program = `
const { createLog } = await import(${JSON.stringify(module)});
const log = createLog({ level: 'info', format: process.argv[1] });
for (let line = 0; line < 20; line++) {
  log.info({ line }, 'a line');
  await new Promise((resolve) => setTimeout(resolve, 5));
}
process.stderr.write('still here');
`;

async function outcome(format: string, stdout: 'pipe' | number, leaveEarly = false) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, format], {
    stdio: ['ignore', stdout, 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => {
    output.stdout += chunk;
  });
  if (leaveEarly) child.stdout?.destroy();
  child.stderr?.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, ...output };
}

test('a full disk under the log ends nothing', async () => {
  expect(await outcome('auto', openSync('/dev/full', 'w'))).toEqual({ code: 0, stdout: '', stderr: 'still here' });
});

test('a reader of the log that has left ends nothing', async () => {
  expect(await outcome('json', 'pipe', true)).toMatchObject({ code: 0, stderr: 'still here' });
});

test('lines are JSON into a pipe, and text where the configuration says so', async () => {
  const [json, text] = await Promise.all([outcome('auto', 'pipe'), outcome('text', 'pipe')]);
  expect(JSON.parse(json.stdout.split('\n')[19] ?? '')).toMatchObject({ level: 30, line: 19, msg: 'a line' });
  expect(text.stdout.split('\n')[19]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}a line line=19$/);
});

test('a line of text has its fields flat, its stack below, and no character that a terminal obeys', () => {
  const line = {
    level: 40,
    time: 0,
    pid: 1,
    listen: { port: 80 },
    path: '/a b\u001b[2J\u009b',
    ok: true,
    msg: 'refused',
  };
  expect(textLine(JSON.stringify(line)).replace(/^\S+ /, '')).toBe(
    'WARN  refused listen.port=80 path="/a b\\u001b[2J\\u009b" ok=true\n',
  );
  const fault = { level: 50, time: 0, msg: 'failed', fault: 'EIO', where: ['at one', 'at two'] };
  expect(textLine(JSON.stringify(fault)).replace(/^\S+ /, '')).toBe('ERROR failed fault=EIO\n    at one\n    at two\n');
});
