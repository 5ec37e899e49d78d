// Ends an attempt whose target is silent. Rule: an answer that flows is not cut, however long it takes.

import { LlmFailure } from '../../../../adapters/llm/index.ts';
import { startSilenceTimer } from '../../../platform/times/silence-timer.ts';

/** Limit of an attempt while it runs. */
interface Silence {
  /** Aborted with an LlmFailure (`timeout`) after too long a silence, or with the reason of the caller. */
  readonly signal: AbortSignal;
  /** Tells that something came from the target, comments included. */
  heard(): void;
}

/** The guard's ear while an attempt runs. */
export interface Watch extends Silence {
  /** Tells that the target has begun to answer: whoever waits to hear whether it is well need not wait for the end. */
  answering(): void;
}

interface SilenceOptions {
  /** The longest wait for the first byte, and for each that follows. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
}

/** Settles as the work does. */
export async function withinSilence<T>(
  work: (silence: Silence) => Promise<T>,
  { silenceMs, signal }: SilenceOptions,
): Promise<T> {
  const controller = new AbortController();
  const leave = () => controller.abort(signal.reason);
  const silent = () => controller.abort(new LlmFailure('timeout', `nothing came for ${silenceMs} ms`));
  const { heard, clear } = startSilenceTimer(silenceMs, silent);
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  try {
    return await work({ signal: controller.signal, heard });
  } finally {
    clear();
    signal.removeEventListener('abort', leave);
  }
}
