// The steps of all classes, from the outermost to the innermost.

import type { Router } from '../call.ts';
import { difficultyStep } from './difficulty.ts';
import { AnswerScores, type AnswerScoresOptions } from './quality.ts';
import { redactStep } from './redact/redact.ts';
import type { StepsOptions } from './steps.ts';

interface AllStepsOptions extends AnswerScoresOptions {
  /** The router of all calls, which is made with these steps. */
  readonly router: () => Pick<Router, 'run'>;
}

interface AllSteps extends Pick<StepsOptions, 'run' | 'makers'> {
  /** Ends what steps do behind answers. */
  stop(): void;
}

export function allSteps({ router, ...shared }: AllStepsOptions): AllSteps {
  const scores = new AnswerScores(shared);
  return {
    makers: [difficultyStep, redactStep, scores.step],
    run: (call, sink) => router().run(call, sink),
    stop: () => scores.stop(),
  };
}
