// The examples in Python as a newcomer starts them, where a Python has the package `openai`; TRUNKLINE_OPENAI_PYTHON names it, else it is
// `python3`. The answer of the chat loses its connection, and goes on.

import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../support/pages.ts';
import { type ServedGateway, serveGateway } from '../support/sdk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const run = promisify(execFile);
const python = process.env.TRUNKLINE_OPENAI_PYTHON ?? 'python3';
const needs = "from importlib.metadata import version as v; v('websockets'); assert v('openai') >= '3'";
const isInstalled = spawnSync(python, ['-c', needs]).status === 0;
const skipped = isInstalled ? '' : ` (not run: ${python} has no openai 3 with websockets)`;
const WORDS = Array.from({ length: 12 }, (_, index) => `word${index}`).join(' ');

let gateway: ServedGateway;
let cutting: Server;

beforeAll(async () => {
  if (!isInstalled) return;
  gateway = await serveGateway({ rehearsal: { times: { firstAudioMs: 20, firstTextMs: 10, tokenMs: 50 } } });
  cutting = await startCutting(Number(new URL(gateway.http).port));
});
afterAll(async () => {
  cutting?.close();
  await gateway?.close();
});

/** A way to the gateway that cuts its first connection in the middle of an answer. */
async function startCutting(port: number): Promise<Server> {
  let isCut = false;
  const server = createServer((client) => {
    const far = connect(port, '127.0.0.1');
    for (const [end, other] of [[client, far] as const, [far, client] as const]) {
      end.on('error', () => other.destroy()).on('close', () => other.destroy());
      end.on('data', (bytes: Buffer) => {
        if (!other.destroyed) other.write(bytes);
        if (isCut || end !== far || !bytes.includes('word3')) return;
        isCut = true;
        client.resetAndDestroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function start(example: string, args: readonly string[], url: string, cwd = root) {
  const env = { PATH: process.env.PATH, TRUNKLINE_URL: url };
  return run(python, [join(root, 'examples', example), ...args], { cwd, env, timeout: 60_000 });
}

test.skipIf(!isInstalled)(
  `chat-python goes on with an answer that was cut${skipped}`,
  { timeout: 70_000 },
  async () => {
    const url = `http://127.0.0.1:${(cutting.address() as AddressInfo).port}`;
    const { stdout, stderr } = await start('chat-python/chat.py', [WORDS], url);
    expect(stdout).toBe(`This is the rehearsal provider. You wrote: ${WORDS}\n`);
    expect(stderr).toContain('going on');
  },
);

test.skipIf(!isInstalled)(
  `voice-python is cut where its answer was heard, and hears the next answer whole${skipped}`,
  { timeout: 70_000 },
  async () => {
    const cwd = temporaryFolder('voice-python');
    const { stdout, stderr } = await start('voice-python/voice.py', [], gateway.http, cwd);
    expect(stderr).toBe('');
    expect(stdout.match(/^you: \(\d seconds of speech\)$/gm)).toHaveLength(2);
    expect(stdout).toContain('model: This is the rehearsal provider. I heard 3 seconds of speech.\n');
    const [, heard, came] = /^interrupted: (\d+) ms were heard of (\d+) ms/m.exec(stdout) ?? [];
    expect(Number(heard)).toBeGreaterThanOrEqual(1000);
    expect(Number(came)).toBeGreaterThan(Number(heard));
    const wav = readFileSync(join(cwd, 'answer.wav'));
    expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
    // The piece of the first answer, and the whole of the second.
    expect((wav.length - 44) / 48_000).toBeGreaterThan(Number(heard) / 1000 + 3);
  },
);

test.skipIf(!isInstalled)(
  `a gateway that cannot be reached is named in one line${skipped}`,
  { timeout: 70_000 },
  async () => {
    for (const [example, args] of [
      ['chat-python/chat.py', ['Hi']],
      ['voice-python/voice.py', []],
    ] as const)
      await expect(start(example, args, 'http://127.0.0.1:1')).rejects.toMatchObject({
        stderr: expect.stringMatching(/^(chat|voice)\.py: .*127\.0\.0\.1.*\n$/),
      });
  },
);
