// The mock of an LLM endpoint that streams tokens on a schedule which begins when the question has come, in a process of its own: chat completions,
// and on `/v1/responses` Responses.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { serveMethods } from '../../machine/rpc.ts';
import type { Pace } from '../load.ts';
import { nowNs } from '../wire.ts';
import { completionTokens, responseTokens, type TokenAnswer } from './token-answer.ts';

/** Connections of gateways are theirs to close. */
const KEEP_ALIVE_MS = 120_000;
const HEAD = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' };

let { pace } = JSON.parse(process.argv[2] ?? '{}') as { readonly pace: Pace };

const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
  void take(request, response).catch(() => response.destroy());
});
server.listen(0, '127.0.0.1', 4096);
await once(server, 'listening');

const methods = {
  listeningPort: () => (server.address() as { port: number }).port,
  pace(wanted: Pace): void {
    pace = wanted;
  },
};
export type TokenMethods = typeof methods;
serveMethods(methods);

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const comeNs = nowNs();
  const { model } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly model: string };
  const isResponse = request.url?.startsWith('/v1/responses');
  response.writeHead(200, HEAD);
  stream(response, isResponse ? responseTokens(model) : completionTokens(model), comeNs);
}

/** One write for each token, at its time from the question on, whatever was late before. */
function stream(response: ServerResponse, answer: TokenAnswer, comeNs: number): void {
  const { thinkMs, gapMs, tokens } = pace;
  response.write(answer.head);
  let sent = 0;
  const next = (): void => {
    if (response.destroyed) return;
    response.write(answer.token({ writtenNs: nowNs(), comeNs }));
    sent += 1;
    if (sent === tokens) response.end(answer.end());
    else wait();
  };
  const wait = (): void => {
    setTimeout(next, Math.max(0, thinkMs + sent * gapMs - (nowNs() - comeNs) / 1e6));
  };
  wait();
}
