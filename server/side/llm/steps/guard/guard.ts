// The step that checks the words of both sides of the calls of a class. Rule: nothing goes to a target before the input passed, and nothing of an
// answer to its client before the output did, where a check blocks.

import type { GuardConfig } from '../../../../config/side/words-schema.ts';
import type { Answered, StreamHead, StreamSink } from '../../call.ts';
import { type Failure, failure } from '../../failure.ts';
import type { MakeStep } from '../steps.ts';
import { type CheckSide, type SideChecked, sideChecks } from './checks.ts';
import { StreamedTexts, textsOfAnswer, textsOfCall } from './texts.ts';

/** Takes the time of the checks of one side: `input` or `output`. */
export type ObserveGuard = (promptClass: string, side: string, tookMs: number) => void;

export const guardStep =
  (observe: ObserveGuard): MakeStep =>
  ({ name, config: { guard }, run }) => {
    if (guard === undefined) return undefined;
    const timed = (side: 'input' | 'output'): CheckSide | undefined => {
      const check = sideChecks(side, guard[side]);
      return (
        check &&
        (async (...asked) => {
          const checked = await check(...asked);
          observe(name, side, checked.tookMs);
          return checked;
        })
      );
    };
    const [checkInput, checkOutput] = [timed('input'), timed('output')];
    const mayBlock = blocks(guard);
    return async (call, sink, next) => {
      const input = await checkInput?.(textsOfCall(call.llm), { call, run });
      if (input?.blockedBy !== undefined) return refusal('input', input);
      const marks = input === undefined ? call.marks : { ...call.marks, guarded: input.words };
      const asked = { ...call, marks };
      const answer = new GuardedAnswer(sink, { mayBlock, words: input?.words });
      if (checkOutput === undefined) return answer.told(await next(asked, answer.sink), undefined);
      const check = (outcome: Pick<Answered, 'completion'>) => checkOutput(answer.textsOf(outcome), { call, run });
      const outcome = await next({ ...asked, check }, answer.sink);
      if (outcome.kind === 'failed') return answer.told(outcome, undefined);
      // An answer of a cache has had no attempt.
      const output = (outcome.checked as SideChecked | undefined) ?? (await check(outcome));
      return output.blockedBy === undefined ? answer.told(outcome, output) : refusal('output', output);
    };
  };

/** Checks of output that block hold back a stream. */
const blocks = ({ output = [] }: GuardConfig): boolean => output.some(({ action }) => action === 'block');

/** A call that was blocked before a target was asked has no row but that of its refusal. */
function refusal(side: 'input' | 'output', { blockedBy, words }: SideChecked): Failure {
  const { name, found, isUnavailable } = blockedBy ?? { name: side, found: [] };
  const hasRow = side === 'output';
  const of = side === 'input' ? 'this call' : 'the answer';
  if (isUnavailable)
    return {
      ...failure('guard_unavailable', `the check ${name} of ${of} gave no verdict (${words})`, {
        ...{ isTransient: true, isOutage: true },
        retryAfterMs: 1000,
      }),
      hasRow,
    };
  return {
    ...failure('guard_blocked', `the check ${name} blocked ${of}: it found ${found.join(', ')} (${words})`),
    hasRow,
  };
}

interface Guarding {
  readonly mayBlock: boolean;
  /** Result of the input, for the head of the answer. */
  readonly words: string | undefined;
}

/** An answer on its way through the checks. */
class GuardedAnswer {
  readonly #client: StreamSink | undefined;
  readonly #guarding: Guarding;
  readonly #texts = new StreamedTexts();
  #head: StreamHead | undefined;
  #held: Buffer[] = [];

  constructor(client: StreamSink | undefined, guarding: Guarding) {
    this.#client = client;
    this.#guarding = guarding;
  }

  /** Takes a stream: it goes on at once, or is held. */
  get sink(): StreamSink | undefined {
    const client = this.#client;
    const { mayBlock, words } = this.#guarding;
    return (
      client && {
        asked: () => client.asked(),
        opened: () => client.opened(),
        comment: (bytes) => client.comment(bytes),
        begin: (head) => {
          if (mayBlock) this.#head = head;
          else client.begin({ ...head, guarded: words });
        },
        write: (bytes) => {
          this.#texts.push(bytes);
          if (mayBlock) this.#held.push(bytes);
          else client.write(bytes);
        },
      }
    );
  }

  textsOf({ completion }: Pick<Answered, 'completion'>): readonly string[] {
    return this.#client === undefined ? textsOfAnswer(completion) : this.#texts.texts;
  }

  /** Gives what was held to its client, unless the answer failed: then nothing of it was given. */
  told(outcome: Answered | Failure, output: SideChecked | undefined): Answered | Failure {
    if (outcome.kind === 'failed') return outcome;
    const results = [this.#guarding.words, output?.words].filter((words) => words !== undefined);
    const guarded = results.length > 0 ? results.join(', ') : undefined;
    if (this.#head !== undefined) this.#client?.begin({ ...this.#head, guarded });
    for (const bytes of this.#held) this.#client?.write(bytes);
    this.#held = [];
    return { ...outcome, guarded };
  }
}
