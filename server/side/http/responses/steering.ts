// Steering on one socket of /v1/responses: what a user adds while an answer runs continues it when it has ended. Rule: an answer is never cut, and
// what was accepted is answered, waits for the outputs of tools, or comes back. https://developers.openai.com/api/docs/guides/steering

import { randomBytes } from 'node:crypto';
import { isOutput, missingOutput, openCalls } from '../../../../adapters/llm/index.ts';
import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';
import { type HttpProblem, shortened } from '../../../http/problem.ts';
import { outputItems } from '../../runs/response-object.ts';
import { itemsProblem } from './items.ts';

/** An event for the client, with the lane of the response that it is about. */
export interface SteerEvent {
  readonly event: JsonObject;
  readonly lane: string | undefined;
}

interface Steer {
  readonly id: string;
  /** The input as the client sent it. */
  readonly input: unknown;
  readonly messages: readonly JsonObject[];
  /** Characters of its input. */
  readonly length: number;
}

interface Steered {
  readonly lane: string | undefined;
  /** Number of the last event that was sent of it. */
  sequence: number;
  hasEnded: boolean;
  steers: readonly Steer[];
}

interface Ended {
  readonly told: readonly SteerEvent[];
  readonly next?: JsonObject;
}

/** Inputs that may wait for one response, responses for which some may wait, and responses that are known. */
const MAX_STEERS = 16;
const MAX_STEERED = 32;
const MAX_RESPONSES = 64;

export class Steering {
  /** Characters of all that waits. */
  readonly #maxLength: number;
  readonly #responses = new Map<string, Steered>();
  /** Requests that were made here, with the response that each continues. */
  readonly #successors = new WeakMap<JsonObject, string>();

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** Hears of a response that runs. What waited for the one that it continues is in its request. */
  begun(id: string, { previous_response_id: previous }: JsonObject, lane: Steered['lane']): void {
    const continued = this.#responses.get(String(previous));
    if (continued?.lane === lane) this.#update(String(previous), { steers: [] });
    this.#responses.set(id, { lane, sequence: 0, hasEnded: false, steers: [] });
    for (const [oldest, { hasEnded, steers }] of this.#responses) {
      if (this.#responses.size <= MAX_RESPONSES) return;
      if (hasEnded && steers.length === 0) this.#responses.delete(oldest);
    }
  }

  /** Hears of the last event that was sent of a response. */
  sent(id: string, sequence: number): void {
    this.#update(id, { sequence });
  }

  /** Takes what a client adds. Returns what it is told. */
  take({ type: _, previous_response_id: id, input, ...others }: JsonObject): SteerEvent {
    const steered = this.#responses.get(String(id));
    const refuse = (code: string, message: string) => failedEvent({ id, steered, input, code, message });
    if (steered === undefined)
      return refuse('response_not_found', `no response "${shortened(String(id))}" was made on this connection`);
    const [field] = Object.keys(others);
    if (field !== undefined) return refuse('invalid_input', `${shortened(field)}: expected input alone`);
    const messages = messagesOf(input);
    if (typeof messages === 'string') return refuse('invalid_input', messages);
    if (steered.hasEnded)
      return refuse('response_already_completed', 'expected a response.create that continues the response');
    const { length } = JSON.stringify(input);
    const excess = this.#excess(steered, length);
    if (excess !== undefined) return refuse('too_many_pending_steers', excess);
    const steer = { id: `steer_${randomBytes(16).toString('hex')}`, input, messages, length };
    this.#update(String(id), { steers: [...steered.steers, steer] });
    return steerEvent('accepted', { id: String(id), steered, steer });
  }

  /** Hears of the end of the response to a request. Returns what the client is told, and the request that goes on with what waited. */
  ended(id: string, response: JsonObject, request: JsonObject): Ended {
    this.#update(id, { hasEnded: true });
    const steered = this.#responses.get(id);
    if (steered === undefined || steered.steers.length === 0) return { told: [] };
    if (response.status !== 'completed' && response.status !== 'incomplete')
      return { told: this.#giveBack(id, 'response_not_active', `the response has ended as ${response.status}`) };
    const required = openCalls(outputItems(response)).map(missingOutput);
    if (required.length > 0) {
      const fields = { reason: 'waiting_for_required_input', required_input: required };
      return { told: steered.steers.map((steer) => steerEvent('pending', { id, steered, steer, fields })) };
    }
    const next = { ...request, previous_response_id: id, input: messagesIn(steered) };
    this.#successors.set(next, id);
    return { told: [], next };
  }

  /** Puts what waits for the response that a request continues before its input, but behind outputs, which belong directly behind their calls. */
  continued(request: JsonObject, lane: Steered['lane']): JsonObject {
    const steered = this.#responses.get(String(request.previous_response_id));
    if (steered === undefined || steered.lane !== lane || this.#successors.has(request)) return request;
    const { input } = request;
    const own = Array.isArray(input) ? input : typeof input === 'string' ? [messageOf(input)] : [];
    const at = own.findLastIndex((item) => isObject(item) && isOutput(item)) + 1;
    return steered.steers.length === 0 ? request : { ...request, input: own.toSpliced(at, 0, ...messagesIn(steered)) };
  }

  /** Gives back what a request of our own could not bring in; undefined: the request is the client's. */
  refused(request: JsonObject, { message }: HttpProblem): readonly SteerEvent[] | undefined {
    const id = this.#successors.get(request);
    return id === undefined ? undefined : this.#giveBack(id, 'successor_creation_failed', message);
  }

  /** Says what there would be too much of with an input of this length. */
  #excess({ steers }: Steered, length: number): string | undefined {
    if (steers.length >= MAX_STEERS) return `expected at most ${MAX_STEERS} inputs that wait for one response`;
    const waited = [...this.#responses.values()].filter((one) => one.steers.length > 0);
    if (steers.length === 0 && waited.length >= MAX_STEERED)
      return `expected at most ${MAX_STEERED} responses that inputs wait for; continue one that waits for outputs of tools`;
    const total = waited.flatMap((one) => one.steers).reduce((sum, one) => sum + one.length, length);
    return total > this.#maxLength
      ? `expected at most ${this.#maxLength} characters that wait, got ${total}`
      : undefined;
  }

  #giveBack(id: string, code: string, message: string): readonly SteerEvent[] {
    const steered = this.#responses.get(id);
    this.#update(id, { steers: [] });
    return (steered?.steers ?? []).map(({ id: steer, input }) =>
      failedEvent({ id, steered, steer, input, code, message }),
    );
  }

  #update(id: string, change: Partial<Steered>): void {
    const steered = this.#responses.get(id);
    if (steered !== undefined) this.#responses.set(id, { ...steered, ...change });
  }
}

interface Accepted {
  /** Id of the response. */
  readonly id: string;
  readonly steered: Steered;
  readonly steer: Steer;
  readonly fields?: JsonObject;
}

const steerEvent = (word: string, { id, steered, steer, fields }: Accepted): SteerEvent => ({
  event: {
    type: `response.steer.${word}`,
    sequence_number: steered.sequence,
    steer: { id: steer.id, previous_response_id: id },
    ...fields,
  },
  lane: steered.lane,
});

interface GivenBack {
  readonly id: unknown;
  readonly steered: Steered | undefined;
  /** Its id, where it had one. */
  readonly steer?: string;
  readonly input: unknown;
  readonly code: string;
  readonly message: string;
}

const failedEvent = ({ id, steered, steer, input, code, message }: GivenBack): SteerEvent => ({
  event: {
    type: 'response.steer.failed',
    sequence_number: steered?.sequence ?? 0,
    steer: { ...(steer !== undefined && { id: steer }), previous_response_id: id, input },
    error: { type: 'invalid_request_error', code, message },
  },
  lane: steered?.lane,
});

const messageOf = (content: string): JsonObject => ({ type: 'message', role: 'user', content });

const messagesIn = ({ steers }: Steered): readonly JsonObject[] => steers.flatMap(({ messages }) => messages);

const EXPECTED = 'input: expected a text, or messages of the user';
const MESSAGE_FIELDS = ['type', 'role', 'content'];

/** The messages of an input, or what is wrong with it. */
function messagesOf(input: unknown): readonly JsonObject[] | string {
  if (typeof input === 'string') return input === '' ? EXPECTED : [messageOf(input)];
  if (!Array.isArray(input) || input.length === 0 || !input.every(isMessage)) return EXPECTED;
  return itemsProblem(input)?.message ?? input;
}

const isMessage = (item: unknown): item is JsonObject =>
  isObject(item) &&
  item.role === 'user' &&
  (item.type ?? 'message') === 'message' &&
  Object.keys(item).every((field) => MESSAGE_FIELDS.includes(field));
