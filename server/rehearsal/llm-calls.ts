// The LLM gateway of the rehearsal over HTTP. Rule: the size of a body is bounded, and requests of web pages are refused.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { SimulatorTimes } from '../../adapters/simulators/contract.ts';
import { type RehearsalReply, rehearsalError } from '../../adapters/simulators/index.ts';

export const MAX_LLM_CALL_BYTES = 4 * 1024 * 1024;

interface LlmCallOptions {
  /** Answers the body. */
  readonly reply: (body: string) => RehearsalReply;
  readonly times: Pick<SimulatorTimes, 'firstTextMs' | 'tokenMs'>;
}

/** Answers a POST request, a stream word by word. Never throws. */
export async function answerLlmCall(
  request: IncomingMessage,
  response: ServerResponse,
  { reply, times: { firstTextMs, tokenMs } }: LlmCallOptions,
): Promise<void> {
  try {
    const { status, headers, pieces } = await replyTo(request, reply);
    // The rest of a refused body would be read as the next request.
    response.writeHead(status, request.complete ? headers : { ...headers, connection: 'close' });
    for (const [at, piece] of pieces.entries()) {
      // A whole answer is one piece, and waits for nothing.
      const pauseMs = pieces.length === 1 ? 0 : at === 0 ? firstTextMs : tokenMs;
      if (pauseMs > 0) await delay(pauseMs);
      if (response.destroyed) return;
      response.write(piece);
    }
    response.end();
  } catch {
    response.destroy();
  }
}

async function replyTo(request: IncomingMessage, reply: LlmCallOptions['reply']): Promise<RehearsalReply> {
  if (request.headers.origin !== undefined)
    return rehearsalError(403, 'web pages may not ask the rehearsal: ask the gateway');
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_LLM_CALL_BYTES) return rehearsalError(413, `expected at most ${MAX_LLM_CALL_BYTES} bytes`);
    parts.push(part);
  }
  return reply(Buffer.concat(parts).toString());
}
