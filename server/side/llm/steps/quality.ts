// Scores a sampled share of the answers of a class by a small call each, after they were given. Rule: no answer waits for its score, and what finds no
// room is dropped and counted.

import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import { faultOf } from '../../../platform/log.ts';
import type { Store } from '../../store/contract/store.ts';
import { scoreIn, scoringCall } from '../answer/score.ts';
import type { Answered, Call, Router } from '../call.ts';
import type { MakeStep } from './steps.ts';

/** Scores that are asked for at once, and that wait, in each process. */
const MAX_RUNNING = 4;
const MAX_WAITING = 100;
/** Time after a call that failed in which the class that scores is asked nothing more. */
const PAUSE_MS = 1000;

export interface AnswerScoresOptions {
  readonly store: Pick<Store, 'grade'>;
  readonly metrics: { readonly registry: Registry };
  readonly log: Pick<Logger, 'warn'>;
  readonly now?: () => number;
}

/** A score that is to be asked for. `attempt`: the row that it is for. */
interface Sampled {
  readonly attempt: string;
  readonly call: Call;
  readonly run: Router['run'];
}

export class AnswerScores {
  readonly #options: AnswerScoresOptions;
  readonly #ended: Counter<'outcome'>;
  readonly #stopped = new AbortController();
  /** Times until which classes are asked nothing. */
  readonly #pausedUntil = new Map<string, number>();
  #waiting: Sampled[] = [];
  #running = 0;

  constructor(options: AnswerScoresOptions) {
    this.#options = options;
    this.#ended = new Counter({
      name: 'trunkline_answer_scores_total',
      help: 'answers that were drawn to be scored: scored, without a score (failed), or not asked for since too many waited or the last one failed (dropped)',
      labelNames: ['outcome'],
      registers: [options.metrics.registry],
    });
  }

  readonly step: MakeStep = ({ name, config: { quality }, run }) => {
    if (quality === undefined) return undefined;
    const terms = { rubric: quality.rubric, scorer: quality.class ?? name, signal: this.#stopped.signal };
    return async (call, sink, next) => {
      const outcome = await next(call, sink);
      // The answer goes first.
      if (isForClient(call) && outcome.kind === 'answered' && isDrawn(outcome, quality.sample))
        setImmediate(() => this.#take({ attempt: outcome.attempt, call: scoreCallFor(call, outcome, terms), run }));
      return outcome;
    };
  };

  /** Drops what waits and ends what runs. Nothing is scored any more. */
  stop(): void {
    this.#stopped.abort();
    this.#ended.inc({ outcome: 'dropped' }, this.#waiting.length);
    this.#waiting = [];
  }

  #take(sampled: Sampled): void {
    const { now = Date.now } = this.#options;
    const isPaused = now() < (this.#pausedUntil.get(sampled.call.promptClass) ?? 0);
    if (this.#stopped.signal.aborted || isPaused || this.#waiting.length >= MAX_WAITING)
      return void this.#ended.inc({ outcome: 'dropped' });
    this.#waiting.push(sampled);
    this.#askNext();
  }

  #askNext(): void {
    while (this.#running < MAX_RUNNING) {
      const sampled = this.#waiting.shift();
      if (sampled === undefined) return;
      this.#running += 1;
      void this.#ask(sampled).then((outcome) => {
        this.#ended.inc({ outcome });
        this.#running -= 1;
        this.#askNext();
      });
    }
  }

  async #ask({ attempt, call, run }: Sampled): Promise<'scored' | 'failed'> {
    const { store, log, now = Date.now } = this.#options;
    try {
      const answer = await run(call);
      // One that cannot be asked now would refuse the others as well, each with a row.
      if (answer.kind === 'failed') this.#pausedUntil.set(call.promptClass, now() + PAUSE_MS);
      const score = answer.kind === 'failed' ? undefined : scoreIn(answer.text);
      if (score === undefined) return 'failed';
      // The row is there: its settlement went before that of this call, which a task waits for.
      await store.grade(attempt, { score });
      return 'scored';
    } catch (error) {
      log.warn(faultOf(error), 'an answer has no score');
      return 'failed';
    }
  }
}

interface ScoreTerms extends Pick<Call, 'signal'> {
  readonly rubric: string | undefined;
  /** The class of the call. */
  readonly scorer: string;
}

/** Its row is that of a task of this answer, for the same key, user and session. */
function scoreCallFor(
  { llm: { messages }, dataClass, key, team, endUser, tags, session, windows, isRehearsal, trace }: Call,
  { attempt, text }: Answered,
  { rubric, scorer, signal }: ScoreTerms,
): Call {
  return {
    ...{ kind: 'task', task: `${attempt}.quality`, promptClass: scorer, response: undefined, model: undefined },
    ...{ dataClass, key, team, endUser, tags, session, windows, isRehearsal, trace, signal },
    llm: scoringCall({ messages, text, rubric }),
  };
}

/** Tells calls of clients from those that serve others, and from tasks, which a task scores. */
const isForClient = ({ kind, isHelper }: Call): boolean => kind === 'chat' && isHelper !== true;

/** Draws by the random part of the attempt's id: the same one always gives the same answer. */
const isDrawn = ({ attempt, text }: Answered, share: number): boolean =>
  text !== '' && Number.parseInt(attempt.slice(-12), 16) < share * 16 ** 12;
