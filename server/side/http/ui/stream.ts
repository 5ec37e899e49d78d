// Streams a run to a page as server-sent events, in the form of its protocol. Rule: the page sets the pace, and the run goes on when it leaves.

import type { UiTranslator } from '../../../../adapters/ui/contract.ts';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import type { HttpProblem } from '../../../http/problem.ts';
import type { Run, RunEvent } from '../../runs/run.ts';
import { EVENT_STREAM_HEADERS, type RoutedRequest } from '../handler.ts';

/** The last one keeps nginx from holding pieces back. */
export const UI_STREAM_HEADERS = { ...EVENT_STREAM_HEADERS, 'x-accel-buffering': 'no' };

const KEEP_ALIVE = ': keep-alive\n\n';
/** Time after which the page gets its head, where nothing else has come: an answer may have yet to begin. */
const HEAD_MS = 250;

interface UiStreaming {
  readonly translator: UiTranslator;
  readonly headers: Readonly<Record<string, string>>;
  /** The text behind the last event. */
  readonly last?: string;
  /** Longest time without a byte toward the page. */
  readonly keepAliveMs: number;
}

/** Resolves when the page has the whole run, or has left; with what is wrong where there is nothing to read. */
export async function streamUi(
  { emit, signal }: Pick<RoutedRequest, 'emit' | 'signal'>,
  run: Pick<Run, 'read'>,
  { translator, headers, last = '', keepAliveMs }: UiStreaming,
): Promise<HttpProblem | undefined> {
  const { promise, resolve } = Promise.withResolvers<HttpProblem | undefined>();
  let hasHead = false;
  const write = (text: string) => {
    if (!hasHead) emit({ status: 200, headers });
    hasHead = true;
    keepAlive.refresh();
    return text === '' ? undefined : emit(Buffer.from(text), true);
  };
  const headTimer = setTimeout(() => void write(''), HEAD_MS);
  const keepAlive = setInterval(() => void write(KEEP_ALIVE), keepAliveMs);
  const stop = run.read(-1, {
    onEvents: (events) => write(eventsOf(events.flatMap((event) => translator.push(parsedEvent(event))))),
    onEnd(problem) {
      if (problem !== undefined && !hasHead) return resolve(problem);
      const rest = problem === undefined ? [] : translator.push(lostEvent(problem));
      void write(eventsOf(rest) + last);
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

export const parsedEvent = ({ data }: RunEvent): JsonObject => JSON.parse(data) as JsonObject;

/** The event of a log whose end cannot be had. */
export const lostEvent = ({ code, message }: HttpProblem): JsonObject => ({ type: 'error', code, message });

export const eventsOf = (pieces: readonly object[]): string =>
  pieces.map((piece) => `data: ${JSON.stringify(piece)}\n\n`).join('');
