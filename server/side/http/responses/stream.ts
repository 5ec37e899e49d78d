// The log of a run as server-sent events to one client: what there is, then what comes. A client that reads slowly holds up itself alone.

import type { HttpProblem } from '../../../http/problem.ts';
import type { Run } from '../../runs/run.ts';
import { EVENT_STREAM_HEADERS, type RoutedRequest } from '../handler.ts';

const KEEP_ALIVE = Buffer.from(': keep-alive\n\n');
/** Time after which the client gets its head, where nothing else has come. */
const HEAD_MS = 250;

interface RunStreamOptions {
  /** Sequence of the last event that the client has; -1: none. */
  readonly after: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Longest time without a byte toward the client. */
  readonly keepAliveMs: number;
}

/** Resolves when the log has ended, or the client is gone; with what is wrong where there is nothing to read. */
export function streamRun(
  { emit, signal }: Pick<RoutedRequest, 'emit' | 'signal'>,
  run: Run,
  { after, headers, keepAliveMs }: RunStreamOptions,
): Promise<HttpProblem | undefined> {
  const { promise, resolve } = Promise.withResolvers<HttpProblem | undefined>();
  let hasHead = false;
  const head = (): void => {
    if (!hasHead) emit({ status: 200, headers: { ...EVENT_STREAM_HEADERS, ...headers } });
    hasHead = true;
  };
  const headTimer = setTimeout(head, HEAD_MS);
  const keepAlive = setInterval(() => {
    head();
    emit(KEEP_ALIVE);
  }, keepAliveMs);
  const stop = run.read(after, {
    onEvents(events) {
      head();
      keepAlive.refresh();
      return emit(Buffer.from(events.map(({ type, data }) => `event: ${type}\ndata: ${data}\n\n`).join('')), true);
    },
    onEnd(problem) {
      if (problem !== undefined && !hasHead) return resolve(problem);
      head();
      if (problem !== undefined) emit(errorEventOf(problem));
      resolve(undefined);
    },
  });
  const leave = (): void => resolve(undefined);
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  return promise.finally(() => {
    stop();
    clearTimeout(headTimer);
    clearInterval(keepAlive);
  });
}

/** https://platform.openai.com/docs/api-reference/responses-streaming/error */
function errorEventOf({ code, message, param }: HttpProblem): Buffer {
  const event = { type: 'error', code, message, param: param ?? null };
  return Buffer.from(`event: error\ndata: ${JSON.stringify(event)}\n\n`);
}
