// The steps of all classes, from the outermost to the innermost.

import type { StoredKey } from '../../../ipc/stored-keys.ts';
import type { Router } from '../call.ts';
import { AnswerCaches, type AnswerCachesOptions } from './cache.ts';
import { difficultyStep } from './difficulty.ts';
import { guardStep, type ObserveGuard } from './guard/guard.ts';
import { AnswerScores, type AnswerScoresOptions } from './quality.ts';
import { redactStep } from './redact/redact.ts';
import type { StepsOptions } from './steps.ts';

interface AllStepsOptions extends Omit<AnswerScoresOptions, keyof AnswerCachesOptions>, AnswerCachesOptions {
  readonly store: AnswerScoresOptions['store'] & AnswerCachesOptions['store'];
  readonly metrics: AnswerScoresOptions['metrics'] &
    AnswerCachesOptions['metrics'] & { readonly guarded: ObserveGuard };
  /** The router of all calls, which is made with these steps. */
  readonly router: () => Pick<Router, 'run'>;
}

interface AllSteps extends Pick<StepsOptions, 'run' | 'makers'> {
  /** Ends what steps do behind answers. */
  stop(): void;
  /** Drops what is held for these keys. */
  changed(keys: readonly StoredKey[]): void;
  /** Drops what is held, and resolves when what waits is written, or after `patienceMs`. No call may be under way. */
  close(patienceMs: number): Promise<void>;
}

export function allSteps({ router, ...shared }: AllStepsOptions): AllSteps {
  const scores = new AnswerScores(shared);
  const caches = new AnswerCaches(shared);
  return {
    makers: [difficultyStep, guardStep(shared.metrics.guarded), redactStep, caches.make, scores.step],
    run: (call, sink) => router().run(call, sink),
    stop: () => scores.stop(),
    changed: (keys) => caches.forget(keys.map(({ key }) => key.id)),
    close: (patienceMs) => caches.close(patienceMs),
  };
}
