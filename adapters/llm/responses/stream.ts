// Writes an answer as a stream of Responses events, whatever form its endpoint has. A whole answer is what its last event holds.

import { randomBytes } from 'node:crypto';
import { isObject, type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import type { AnswerDelta, StreamWriter } from '../chat/answer.ts';
import type { LlmCall, NativeCall, StreamOutcome } from '../contract.ts';
import { responseEvent } from './event.ts';
import { ResponseOutputs } from './outputs.ts';
import { endedResponse, failedResponse, isIncomplete, newResponse } from './response.ts';

export const newResponseId = (): string => `resp_${randomBytes(16).toString('hex')}`;

export class ResponseWriter implements StreamWriter {
  readonly #outputs: ResponseOutputs;
  readonly #response: JsonObject;
  #pieces: Buffer[] = [];
  #sequence = 0;

  /** `model`: the one that was asked for. */
  constructor(call: LlmCall, native: NativeCall, model: string) {
    const { id = newResponseId(), target, body } = native;
    this.#response = newResponse(call, native, { id, createdAt: nowS(), model });
    this.#outputs = new ResponseOutputs({
      emit: (type, fields) => this.#emit(type, fields),
      name: id.replace(/^resp_/, ''),
      target,
      customTools: customToolsIn(body),
      wantsSummary: typeof objectAt(body, 'reasoning')?.summary === 'string',
    });
  }

  /** Writes a whole answer as the response object. */
  whole(delta: AnswerDelta, outcome: StreamOutcome): JsonObject {
    this.#outputs.add(delta);
    return this.#ended(outcome);
  }

  delta(delta: AnswerDelta, { served }: Pick<StreamOutcome, 'served'>): readonly Buffer[] {
    // Another target can serve the call while nothing was said.
    if (!saysNothing(delta)) this.#begin(served);
    this.#outputs.add(delta);
    return this.#taken();
  }

  end(outcome: StreamOutcome): readonly Buffer[] {
    this.#begin(outcome.served);
    const response = this.#ended(outcome);
    this.#emit(`response.${response.status}`, { response });
    return this.#taken();
  }

  failed(error: JsonObject): Buffer {
    this.#begin(undefined);
    this.#emit('response.failed', { response: failedResponse(this.#response, this.#outputs.soFar(), error) });
    return Buffer.concat(this.#taken());
  }

  #ended(outcome: StreamOutcome): JsonObject {
    const output = this.#outputs.end(isIncomplete(outcome) ? 'incomplete' : 'completed');
    return endedResponse(this.#response, outcome, { output, completedAt: nowS() });
  }

  #begin(served: string | undefined): void {
    if (this.#sequence > 0) return;
    const response = served === undefined ? this.#response : { ...this.#response, model: served };
    this.#emit('response.created', { response });
    this.#emit('response.in_progress', { response });
  }

  #emit(type: string, fields: JsonObject): void {
    this.#pieces.push(responseEvent(type, this.#sequence++, fields));
  }

  #taken(): readonly Buffer[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }
}

const nowS = (): number => Math.floor(Date.now() / 1000);

const saysNothing = ({ text, thought, refusal, calls = [] }: AnswerDelta): boolean =>
  !text && !thought?.text && !refusal && calls.length === 0;

function customToolsIn({ tools }: JsonObject): ReadonlySet<string> {
  const list = Array.isArray(tools) ? tools.filter(isObject) : [];
  return new Set(list.flatMap(({ type, name }) => (type === 'custom' && typeof name === 'string' ? [name] : [])));
}
