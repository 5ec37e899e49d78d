// Tests many runs at once with readers that do not read, over a whole gateway: memory stays within its bound, readers that read get all of it, or are
// told that it is not there any more.

import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LlmGateway, llmGateway } from '../../../support/llm-gateway.ts';
import { killAll } from '../../../support/processes.ts';
import { type Served, serve } from '../../../support/served.ts';
import { until } from '../../../support/until.ts';

const RUNS = 60;
/** Each answer has some 600 kB of events: there is room for those of a dozen. */
const PIECES = 200;
const PIECE = 'x'.repeat(500);
const TOTAL_BYTES = 8_000_000;

let llm: LlmGateway;
let served: Served;
const sockets: Socket[] = [];
beforeAll(async () => {
  llm = await llmGateway({
    behaviour: { text: PIECE.repeat(PIECES), pieces: PIECES, everyMs: 10 },
    keep: 10,
  });
  served = await serve({
    gateways: {
      scripted: {
        profile: 'openai-compatible',
        baseUrl: llm.baseUrl,
        apiKey: 'x',
        allowPrivate: true,
        concurrency: 2000,
      },
    },
    classes: { plain: { targets: [{ gateway: 'scripted', model: 'm' }], unknownPrice: 'allow' } },
    runs: { maxBytes: 1_000_000, totalBytes: TOTAL_BYTES },
    limits: { maxConnections: 5000 },
    side: { requests: 3000 },
    tasks: [],
  });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  if (served?.child.exitCode === null && served.child.signalCode === null) killAll(served.child);
  await served?.exited;
  await llm?.close();
});

/** A client that sends its request, and reads nothing of the answer. */
function stuck(): void {
  const body = JSON.stringify({ model: 'm', input: 'Hello', stream: true });
  const head = `POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  const socket = connect({ port: served.run.listen.port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.write(head + body);
  sockets.push(socket);
}

async function reading(): Promise<string> {
  const reply = await fetch(`${served.url.replace('ws', 'http')}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ model: 'm', input: 'Hello', stream: true }),
  });
  return reply.text();
}

test('readers that do not read hold no more than totalBytes of all runs, and the others get all of it or are told', {
  timeout: 240_000,
}, async () => {
  let most = 0;
  for (let at = 0; at < RUNS; at++) stuck();
  const whole = Promise.all(Array.from({ length: 5 }, reading));
  await until(() => llm.count.requests === RUNS + 5);
  await until(async () => {
    most = Math.max(most, await served.metric('trunkline_run_bytes'));
    return llm.count.open === 0;
  });
  // Readers that are told before the stream begins get a plain answer, and no event.
  for (const text of await whole)
    expect(text.slice(Math.max(0, text.lastIndexOf('event: ')))).toMatch(
      /^event: response.completed|"response_not_kept"/,
    );
  // The requests of runs are in it, which nobody can do without.
  expect(most).toBeLessThan(TOTAL_BYTES + RUNS * 3000);
  expect(llm.count.requests).toBe(RUNS + 5);
  await until(async () => (await served.metric('trunkline_runs')) === 0);
});
