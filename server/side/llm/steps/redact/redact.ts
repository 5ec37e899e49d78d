// The step that takes words out of the calls of a class before they go to any target, and puts them back into the answers. Rule: what cannot be
// redacted in time, or as a whole, goes nowhere.

import type { LlmCall, LlmOutcome } from '../../../../../adapters/llm/contract.ts';
import { passedForm } from '../../../../../adapters/llm/index.ts';
import type { JsonObject } from '../../../../../codecs/json/object.ts';
import { bounded, isOverTime } from '../../answer/json-schema.ts';
import type { Answered, Call, StreamSink } from '../../call.ts';
import { type Failure, failure } from '../../failure.ts';
import type { MakeStep } from '../steps.ts';
import type { Placeholders } from './placeholders.ts';
import { redactCall, UnreadablePart } from './request.ts';
import { longRedact, type WordRules, wordRules } from './rules.ts';
import { RestoringStream, visitTexts } from './stream.ts';

/** Longest time for one call: patterns are the operator's own, and texts anybody's, and streams of others wait meanwhile. A megabyte of usual text takes 60 ms. */
const MAX_REDACT_MS = 200;

export const redactStep: MakeStep = ({ name, config }) => {
  if (config.redact === undefined) return undefined;
  const { kinds, patterns, unreadable } = longRedact(config.redact);
  const rules = wordRules({ kinds, patterns });
  return async (call, sink, next) => {
    // It would come back sealed, with placeholders in it that mean something else in the next call.
    if (passedForm(call.llm) === 'compactions')
      return failure('invalid_request', `the class ${name} redacts, so no target compacts`, { lacksForm: true });
    const redacted = redactedOf(call.llm, rules, unreadable === 'pass');
    if ('kind' in redacted) return redacted;
    const { llm, placeholders, counts } = redacted;
    if (placeholders.isEmpty) return next({ ...call, llm }, sink);
    const answer = new RedactedAnswer(placeholders, counts, call.llm);
    const { fits, check } = call;
    const asked: Call = {
      ...call,
      llm,
      fits: fits && ((text) => fits(answer.text(text))),
      check: check && ((given) => check(answer.given(given))),
      marks: { ...call.marks, redacted: counts },
    };
    return answer.outcome(await next(asked, sink && answer.sink(sink)));
  };
};

function redactedOf(llm: LlmCall, rules: WordRules, mayPass: boolean): ReturnType<typeof redactCall> | Failure {
  try {
    return bounded(() => redactCall(llm, rules, mayPass), MAX_REDACT_MS);
  } catch (error) {
    if (isOverTime(error))
      return failure(
        'invalid_request',
        `the words of this call take longer than ${MAX_REDACT_MS} ms to find, so it is not sent`,
      );
    if (!(error instanceof UnreadablePart)) throw error;
    const expected = 'expected text, since the class redacts (redact.unreadable: pass lets it pass)';
    return failure('policy_refused', `${error.message}; ${expected}`, { upstream: { param: error.param } });
  }
}

/** Puts the words back into the answer of one call. */
class RedactedAnswer {
  readonly #placeholders: Placeholders;
  readonly #counts: Readonly<Record<string, number>>;
  readonly #isJson: boolean;
  #stream: RestoringStream | undefined;

  constructor(placeholders: Placeholders, counts: Readonly<Record<string, number>>, llm: LlmCall) {
    this.#placeholders = placeholders;
    this.#counts = counts;
    this.#isJson = wantsJson(llm);
  }

  text(text: string): string {
    return this.#placeholders.restore(text, this.#isJson);
  }

  sink(sink: StreamSink): StreamSink {
    const stream = this.#restoring((bytes) => sink.write(bytes));
    this.#stream = stream;
    return {
      asked: () => sink.asked(),
      opened: () => sink.opened(),
      comment: (bytes) => sink.comment(bytes),
      begin: ({ failed, ...head }) =>
        sink.begin({ ...head, redacted: this.#counts, failed: failed && ((error) => this.#last(failed(error))) }),
      write: (bytes) => stream.push(bytes),
    };
  }

  outcome(outcome: Answered | Failure): Answered | Failure {
    this.#stream?.end();
    if (outcome.kind === 'failed') return outcome;
    return { ...outcome, ...this.given(outcome), redacted: this.#counts };
  }

  /** An answer with the words. */
  given(outcome: LlmOutcome): LlmOutcome {
    const completion = this.#whole(outcome.completion);
    return { ...outcome, completion, text: this.text(outcome.text), bytes: this.#bytes(outcome.bytes) };
  }

  #restoring(write: (bytes: Buffer) => void): RestoringStream {
    return new RestoringStream({ placeholders: this.#placeholders, isJson: this.#isJson, write });
  }

  #last(bytes: Buffer | undefined): Buffer | undefined {
    if (bytes === undefined) return undefined;
    const pieces: Buffer[] = [];
    const stream = this.#restoring((piece) => pieces.push(piece));
    stream.push(bytes);
    stream.end();
    return Buffer.concat(pieces);
  }

  #whole(completion: JsonObject): JsonObject {
    const copy = structuredClone(completion);
    visitTexts(copy, { channel: '', isPiece: false, isJson: this.#isJson }, (text, { isJson }, put) =>
      put(this.#placeholders.restore(text, isJson)),
    );
    return copy;
  }

  /** Words that are written otherwise in JSON have their places in the completion alone. */
  #bytes(bytes: Buffer | undefined): Buffer | undefined {
    const { isPlain } = this.#placeholders;
    return bytes === undefined || !isPlain ? undefined : Buffer.from(this.#placeholders.restore(bytes.toString()));
  }
}

/** Tells whether the text of an answer is JSON, by what the call asks for in its form. */
function wantsJson({ schema, extra, native }: LlmCall): boolean {
  const {
    text,
    output_config: output,
    output_format: older,
  } = (native?.body ?? {}) as Readonly<Record<string, JsonObject | undefined>>;
  const formats = [extra.response_format, text?.format, output?.format, older] as readonly (JsonObject | undefined)[];
  return schema !== undefined || formats.some((format) => String(format?.type ?? '').startsWith('json'));
}
