// A streamed answer: its events are read for the outcome, and what the client gets of them is written.

import { type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import type { LlmCall, LlmStream, StreamOutcome } from '../contract.ts';
import { type ServerSentEvent, ServerSentEventReader, sseEvent } from '../server-sent-events.ts';
import { type AnswerDelta, usageJson } from './answer.ts';
import { toolCallJson } from './tools.ts';

/** Reads one event. @throws LlmFailure for an error or an unreadable event. */
export type ReadEvent = (event: ServerSentEvent) => AnswerDelta | undefined;

/** Writes the bytes for the client, in events of chat completions. */
interface StreamWriter {
  delta(delta: AnswerDelta, outcome: StreamOutcome): readonly Buffer[];
  /** The last bytes of a complete answer. */
  end(outcome: StreamOutcome): readonly Buffer[];
}

interface TranslatedOptions {
  readonly call: LlmCall;
  /** The model that was asked for. */
  readonly model: string;
  readonly provider: string;
}

/** A stream whose events become chunks of a chat completion. */
export function translatedStream(read: ReadEvent, { provider, ...options }: TranslatedOptions): LlmStream {
  return new AnswerStream(read, new ChunkWriter(options), provider);
}

/** A stream of chat completion chunks, of which the bytes that `read` returns pass unchanged. */
export function passedStream(read: ReadEvent): LlmStream {
  return new AnswerStream(read, new PassingWriter());
}

export const wantsUsage = ({ extra }: LlmCall): boolean => objectAt(extra, 'stream_options')?.include_usage === true;

class AnswerStream implements LlmStream {
  readonly #read: ReadEvent;
  readonly #writer: StreamWriter;
  readonly #events = new ServerSentEventReader();
  #outcome: StreamOutcome;
  #receivedBytes = 0;
  #hasContent = false;

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

  #pass(event: ServerSentEvent): readonly Buffer[] {
    const delta = this.#read(event);
    if (delta === undefined) return [];
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

function bytesIn({ text = '', calls = [], otherBytes = 0 }: AnswerDelta): number {
  const named = calls.map((call) => Buffer.byteLength(`${call.name ?? ''}${call.input ?? ''}`));
  return named.reduce((sum, bytes) => sum + bytes, Buffer.byteLength(text) + otherBytes);
}

/** The bytes as one Buffer, which is not copied when it is the only one. */
const joined = (pieces: readonly Buffer[]): Buffer =>
  pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);

/** Holds back what says nothing until something is said: as long as nothing was, another target can serve the call. */
class PassingWriter implements StreamWriter {
  #held: Buffer[] | undefined = [];

  delta({ bytes, isPreamble = false }: AnswerDelta): readonly Buffer[] {
    if (bytes === undefined) return [];
    if (this.#held === undefined) return [bytes];
    this.#held.push(bytes);
    if (isPreamble) return [];
    const pieces = this.#held;
    this.#held = undefined;
    return pieces;
  }

  end(): readonly Buffer[] {
    return [sseEvent('[DONE]')];
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

  #chunk({ served = this.#model }: StreamOutcome, choices: readonly JsonObject[], fields: JsonObject = {}): Buffer {
    const head = { id: this.#id, object: 'chat.completion.chunk', created: this.#created, model: served };
    return sseEvent({ ...head, choices, ...fields });
  }
}
