// A streamed answer: its events are read for the outcome, and what the client gets of them is written.

import { type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import type { LlmCall, LlmStream, StreamOutcome } from '../contract.ts';
import { writerInForm } from '../forms.ts';
import { type AnswerDelta, type StreamWriter, usageJson } from './answer.ts';
import { type ServerSentEvent, ServerSentEventReader, sseEvent } from './server-sent-events.ts';
import { toolCallJson } from './tools.ts';

/** Reads one event. @throws LlmFailure for an error or an unreadable event. */
export type ReadEvent = (event: ServerSentEvent) => AnswerDelta | undefined;

interface TranslatedOptions {
  readonly call: LlmCall;
  /** The model that was asked for. */
  readonly model: string;
  readonly provider: string;
}

/** A stream whose events become those of the client's form. */
export function translatedStream(read: ReadEvent, { provider, ...options }: TranslatedOptions): LlmStream {
  return new AnswerStream(read, writerInForm(options.call, options.model) ?? new ChunkWriter(options), provider);
}

/** A stream of chat completion chunks. The bytes that `read` returns pass unchanged to a client of that form. */
export function passedStream(read: ReadEvent, { call, model }: Omit<TranslatedOptions, 'provider'>): LlmStream {
  return new AnswerStream(read, writerInForm(call, model) ?? new PassingWriter(chunkEnding));
}

/** A stream in the form of the client, whose bytes pass unchanged. */
export function nativeStream(read: ReadEvent, ending: PassedEnding): LlmStream {
  return new AnswerStream(read, new PassingWriter(ending));
}

export const wantsUsage = ({ extra }: LlmCall): boolean => objectAt(extra, 'stream_options')?.include_usage === true;

class AnswerStream implements LlmStream {
  readonly #read: ReadEvent;
  readonly #writer: StreamWriter;
  readonly #events = new ServerSentEventReader();
  #outcome: StreamOutcome;
  #receivedBytes = 0;
  #hasContent = false;
  #hasLast = false;

  constructor(read: ReadEvent, writer: StreamWriter, provider?: string) {
    this.#read = read;
    this.#writer = writer;
    this.#outcome = { text: '', served: undefined, provider, usage: undefined, costUsd: undefined, finish: undefined };
  }

  served(): string | undefined {
    return this.#outcome.served;
  }

  hasContent(): boolean {
    return this.#hasContent;
  }

  receivedBytes(): number {
    return this.#receivedBytes;
  }

  isOver(): boolean {
    return this.#hasLast && this.#outcome.finish !== undefined;
  }

  push(chunk: Buffer): Buffer {
    return joined(this.#events.push(chunk).flatMap((event) => this.#pass(event)));
  }

  end() {
    const last = this.#events.end().flatMap((event) => this.#pass(event));
    // A mark of the end alone is also what a proxy writes behind a stream that broke off.
    const isComplete = this.#outcome.finish !== undefined;
    const rest = joined(isComplete ? [...last, ...this.#writer.end(this.#outcome)] : last);
    return { rest, outcome: this.#outcome, isComplete };
  }

  failed(error: JsonObject): Buffer {
    return this.#writer.failed(error);
  }

  #pass(event: ServerSentEvent): readonly Buffer[] {
    // Events behind the end of an answer are none of it.
    if (this.isOver()) return [];
    const delta = this.#read(event);
    if (delta === undefined) return [];
    this.#hasLast ||= delta.isLast === true;
    if (delta.comment) return [delta.comment];
    this.#receivedBytes += bytesIn(delta);
    const { text, served, provider, usage, costUsd, finish } = this.#outcome;
    this.#outcome = {
      text: text + (delta.text ?? ''),
      served: delta.served ?? served,
      provider: delta.provider ?? provider,
      usage: delta.usage ?? usage,
      costUsd: delta.costUsd ?? costUsd,
      finish: delta.finish ?? finish,
    };
    if (delta.fault) throw delta.fault;
    const pieces = this.#writer.delta(delta, this.#outcome);
    if (pieces.length > 0) this.#hasContent = true;
    return pieces;
  }
}

function bytesIn({ text = '', thought, calls = [], otherBytes = 0 }: AnswerDelta): number {
  const named = calls.map((call) => Buffer.byteLength(`${call.name ?? ''}${call.input ?? ''}`));
  const said = Buffer.byteLength(text) + Buffer.byteLength(thought?.text ?? '');
  return named.reduce((sum, bytes) => sum + bytes, said + otherBytes);
}

/** The bytes as one Buffer, which is not copied when it is the only one. */
const joined = (pieces: readonly Buffer[]): Buffer =>
  pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);

/** The bytes after those of the endpoint. */
type PassedEnding = Pick<StreamWriter, 'end' | 'failed'>;

const chunkEnding: PassedEnding = {
  end: () => [sseEvent('[DONE]')],
  // SDKs turn an event with an error into an exception; without one the answer would look complete.
  failed: (error) => sseEvent({ error }),
};

/** Holds back what says nothing until something is said: as long as nothing was, another target can serve the call. */
class PassingWriter implements StreamWriter {
  readonly #ending: PassedEnding;
  #held: Buffer[] | undefined = [];

  constructor(ending: PassedEnding) {
    this.#ending = ending;
  }

  delta({ bytes, isPreamble = false }: AnswerDelta): readonly Buffer[] {
    if (bytes === undefined) return [];
    if (this.#held === undefined) return [bytes];
    this.#held.push(bytes);
    if (isPreamble) return [];
    return this.#release();
  }

  end(outcome: StreamOutcome): readonly Buffer[] {
    return [...this.#release(), ...this.#ending.end(outcome)];
  }

  failed(error: JsonObject): Buffer {
    return this.#ending.failed(error);
  }

  #release(): readonly Buffer[] {
    const pieces = this.#held ?? [];
    this.#held = undefined;
    return pieces;
  }
}

class ChunkWriter implements StreamWriter {
  readonly #wantsUsage: boolean;
  readonly #model: string;
  readonly #created = Math.floor(Date.now() / 1000);
  #id = '';
  #hasRole = false;

  constructor({ call, model }: Omit<TranslatedOptions, 'provider'>) {
    this.#wantsUsage = wantsUsage(call);
    this.#model = model;
  }

  delta({ id, text, calls = [] }: AnswerDelta, outcome: StreamOutcome): Buffer[] {
    this.#id = id ?? this.#id;
    const texts = text ? [{ content: text }] : [];
    return [...texts, ...calls.map((call) => ({ tool_calls: [toolCallJson(call, true)] }))].map((fields) => {
      const delta = { ...(this.#hasRole ? {} : { role: 'assistant' }), ...fields };
      this.#hasRole = true;
      return this.#chunk(outcome, [{ index: 0, delta, finish_reason: null }]);
    });
  }

  end(outcome: StreamOutcome): Buffer[] {
    const { finish, usage } = outcome;
    return [
      this.#chunk(outcome, [{ index: 0, delta: {}, finish_reason: finish }]),
      ...(this.#wantsUsage && usage ? [this.#chunk(outcome, [], { usage: usageJson(usage) })] : []),
      sseEvent('[DONE]'),
    ];
  }

  failed(error: JsonObject): Buffer {
    return chunkEnding.failed(error);
  }

  #chunk({ served = this.#model }: StreamOutcome, choices: readonly JsonObject[], fields: JsonObject = {}): Buffer {
    const head = { id: this.#id, object: 'chat.completion.chunk', created: this.#created, model: served };
    return sseEvent({ ...head, choices, ...fields });
  }
}
