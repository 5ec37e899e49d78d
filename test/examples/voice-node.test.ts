// The example voice-node as a newcomer starts it: it interrupts the first answer, says how much of it was heard, and hears the second to its end.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../support/pages.ts';
import { type ServedGateway, serveGateway } from '../support/sdk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const run = promisify(execFile);
const program = join(root, 'examples/voice-node/voice.js');
let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await serveGateway({ rehearsal: { times: { firstAudioMs: 20, transcriptionMs: 10 } } });
});
afterAll(() => gateway?.close());

test('an answer that is interrupted is cut where it was heard, and the next is heard whole', {
  timeout: 90_000,
}, async () => {
  const cwd = temporaryFolder('voice-node');
  const env = { PATH: process.env.PATH, TRUNKLINE_URL: gateway.http };
  const { stdout } = await run(process.execPath, [program], { cwd, env, timeout: 80_000 });
  expect(stdout.match(/^you: \(\d seconds of speech\)$/gm)).toHaveLength(2);
  expect(stdout).toContain('model: This is the rehearsal provider. I heard 3 seconds of speech.');
  const [, heard, came] = /interrupted: (\d+) ms were heard of (\d+) ms/.exec(stdout) ?? [];
  expect(Number(heard)).toBeGreaterThanOrEqual(1000);
  expect(Number(came)).toBeGreaterThan(Number(heard));
  const wav = readFileSync(join(cwd, 'answer.wav'));
  expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
  // The piece of the first answer, and the whole of the second.
  expect((wav.length - 44) / 48_000).toBeGreaterThan(Number(heard) / 1000 + 3);
});

test('a file that is no recording, or none, is named in one line', async () => {
  const env = { PATH: process.env.PATH, TRUNKLINE_URL: gateway.http };
  const wrong = join(root, 'package.json');
  for (const [file, said] of [
    [wrong, `expected PCM WAV of 16 bits and one channel, got ${wrong}`],
    ['none.wav', "ENOENT: no such file or directory, open 'none.wav'"],
  ] as const)
    await expect(run(process.execPath, [program, file], { env })).rejects.toMatchObject({
      stderr: `voice.js: ${said}\n`,
    });
});
