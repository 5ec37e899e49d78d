// One WebSocket on /v1/responses whose text is routed: the frames of the direct dialect, but each `response.create` is a call under policy, budget
// and ledger. Rule: a lane (`stream_id`) answers one request after the other, and what is wrong with one ends that one alone.
// https://www.openresponses.org/specification (transports)

import { isObject, type JsonObject, parseJson } from '../../../../codecs/json/object.ts';
import { chatError, type HttpProblem, invalidRequest, isProblem } from '../../../http/problem.ts';
import { draining } from '../../../http/request/refusals.ts';
import type { RunHost } from '../../runs/host.ts';
import type { LiveRun } from '../../runs/live-run.ts';
import { outputItems } from '../../runs/response-object.ts';
import type { ChatClient } from '../ui/chat-socket.ts';
import type { PacedSocket } from '../ui/paced-socket.ts';
import { internalFault, noRequestPlace } from '../ui/problems.ts';
import { LocalResponses } from './local.ts';
import { type SteerEvent, Steering } from './steering.ts';

/** Requests that wait in one lane, and lanes of one socket. */
const MAX_WAITING = 32;
const MAX_LANES = 32;

type Lane = string | undefined;

export type ResponsesRuns = Pick<RunHost, 'ask' | 'begin' | 'prepare'>;

interface ResponsesSocketMeans {
  readonly runs: ResponsesRuns;
  /** Characters of the conversations that are stored nowhere. */
  readonly maxLength: number;
}

export class ResponsesSocket {
  readonly #socket: PacedSocket;
  readonly #client: ChatClient;
  readonly #runs: ResponsesRuns;
  readonly #local: LocalResponses;
  readonly #steering: Steering;
  /** Requests that wait, by lane. One that answers is listed. */
  readonly #lanes = new Map<Lane, JsonObject[]>();
  /** Runs that are read, with what ends the reading. */
  readonly #reading = new Map<LiveRun, () => void>();
  /** Aborts when the client is gone: an answer that has not begun is none that it could come back to. */
  readonly #left = new AbortController();
  #isClosed = false;
  /** Called when nothing is answered any more, where no more is taken. */
  #onIdle: (() => void) | undefined;

  constructor(socket: PacedSocket, client: ChatClient, { runs, maxLength }: ResponsesSocketMeans) {
    this.#socket = socket;
    this.#client = client;
    this.#runs = runs;
    this.#local = new LocalResponses(maxLength);
    this.#steering = new Steering(maxLength);
  }

  /** Takes a message of the client. */
  take(text: string): void {
    const event = parseJson(text);
    const lane = isObject(event) ? (event.stream_id ?? undefined) : undefined;
    if (!isObject(event)) this.#refuse(invalidRequest('expected an object in JSON'), undefined);
    else if (lane !== undefined && typeof lane !== 'string')
      this.#refuse(invalidRequest('stream_id: expected a text', 'stream_id'), undefined);
    else if (event.type === 'response.create') this.#queue(event, lane);
    else if (event.type === 'response.steer') this.#tell([this.#steering.take(event)]);
    else this.#refuse(invalidRequest('type: expected response.create or response.steer', 'type'), lane);
  }

  /** Takes no more requests, refuses those that wait, and calls that when what is being answered has ended. */
  drain(onIdle: () => void): void {
    this.#onIdle = onIdle;
    for (const [lane, waiting] of this.#lanes) for (const _ of waiting.splice(0)) this.#refuse(draining, lane);
    if (this.#lanes.size === 0) onIdle();
  }

  /** Says why the socket ends. */
  tell(problem: HttpProblem): void {
    void this.#send([errorEvent(problem)], undefined);
  }

  /** Reads no answer any further. What is stored nowhere ends with its client. */
  closed(): void {
    this.#isClosed = true;
    this.#left.abort();
    for (const [run, leave] of this.#reading) {
      leave();
      if (!run.row.isKept) void run.cancel();
    }
    this.#lanes.clear();
  }

  #queue(event: JsonObject, lane: Lane): void {
    const waiting = this.#lanes.get(lane);
    if (this.#onIdle !== undefined) this.#refuse(draining, lane);
    else if (waiting === undefined && this.#lanes.size >= MAX_LANES) this.#refuse(tooMany('lanes', MAX_LANES), lane);
    else if (waiting === undefined) {
      this.#lanes.set(lane, []);
      void this.#answer(event, lane);
    } else if (waiting.length < MAX_WAITING) waiting.push(event);
    else this.#refuse(tooMany('requests that wait', MAX_WAITING), lane);
  }

  async #answer(asked: JsonObject, lane: Lane): Promise<void> {
    const event = this.#steering.continued(asked, lane);
    try {
      const problem = await this.#create(event, lane);
      if (problem !== undefined) this.#fail(event, problem, lane);
    } catch (error) {
      this.#client.failed(error);
      this.#fail(event, internalFault, lane);
    }
    const next = this.#lanes.get(lane)?.shift();
    if (next !== undefined) return this.#answer(next, lane);
    this.#lanes.delete(lane);
    if (this.#lanes.size === 0) this.#onIdle?.();
  }

  /** Says what is wrong with a request: with one that steering has made, by what it was made of. */
  #fail(event: JsonObject, problem: HttpProblem, lane: Lane): void {
    const returned = this.#steering.refused(event, problem);
    if (returned === undefined) {
      this.#local.forget(String(event.previous_response_id));
      this.#refuse(problem, lane);
    } else this.#tell(returned);
  }

  /** Resolves when the answer has ended, or with what is wrong. */
  async #create(event: JsonObject, lane: Lane): Promise<HttpProblem | undefined> {
    const { type: _, stream_id: __, stream: ___, generate, background, ...body } = event;
    if (background === true)
      return invalidRequest('background: expected false, since an answer comes as it is made here', 'background');
    using place = this.#client.acquire(JSON.stringify(event).length);
    if (place === undefined) return noRequestPlace;
    const requester = await this.#client.requester('POST');
    if (isProblem(requester)) return requester;
    const { headers, path } = this.#client;
    const unstored = (id: string) => this.#local.get(id);
    const asking = { requester, headers, path, unstored, asked: {}, isRun: true, parse: () => ({ body }) };
    if (generate === false) return this.#prepare(asking, lane);
    const asked = await this.#runs.ask(asking);
    if (isProblem(asked)) return asked;
    const run = await this.#runs.begin(asked, { signal: this.#left.signal });
    if (isProblem(run)) return run;
    this.#steering.begun(run.id, event, lane);
    await this.#follow(run, lane);
    if (!run.row.isKept) this.#local.remember(run.id, [...asked.conversation, ...outputItems(run.response)]);
    const { told, next } = this.#steering.ended(run.id, run.response, event);
    this.#tell(told);
    if (next !== undefined) this.#lanes.get(lane)?.unshift(next);
    return undefined;
  }

  /** Takes items in without an answer, so that a later request can continue from them. */
  async #prepare(asking: Parameters<RunHost['prepare']>[0], lane: Lane): Promise<HttpProblem | undefined> {
    const prepared = await this.#runs.prepare(asking);
    if (isProblem(prepared)) return prepared;
    const { conversation, response } = prepared;
    this.#local.remember(String(response.id), conversation);
    for (const [sequence, status] of ['in_progress', 'completed'].entries()) {
      const type = sequence === 0 ? 'response.created' : 'response.completed';
      await this.#send([JSON.stringify({ type, sequence_number: sequence, response: { ...response, status } })], lane);
    }
    return undefined;
  }

  /** Resolves when the answer has ended. */
  #follow(run: LiveRun, lane: Lane): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = run.read(-1, {
      onEvents: (events) => {
        this.#steering.sent(run.id, events.at(-1)?.sequence ?? 0);
        return this.#send(
          events.map(({ data }) => data),
          lane,
        );
      },
      onEnd: (problem) => {
        if (problem !== undefined) this.#refuse(problem, lane);
        resolve();
      },
    });
    this.#reading.set(run, resolve);
    if (this.#isClosed) this.closed();
    return promise.finally(() => {
      stop();
      this.#reading.delete(run);
    });
  }

  #tell(told: readonly SteerEvent[]): void {
    for (const { event, lane } of told) void this.#send([JSON.stringify(event)], lane);
  }

  #refuse(problem: HttpProblem, lane: Lane): void {
    this.#client.refused(problem);
    void this.#send([errorEvent(problem)], lane);
  }

  /** Events name the lane of their request. */
  #send(events: readonly string[], lane: Lane): unknown {
    if (this.#isClosed) return undefined;
    const named = lane === undefined ? '' : `,"stream_id":${JSON.stringify(lane)}}`;
    return this.#socket.send(lane === undefined ? events : events.map((event) => event.replace(/\}\s*$/, () => named)));
  }
}

const errorEvent = (problem: HttpProblem): string =>
  JSON.stringify({ type: 'error', status: problem.status, error: chatError(problem) });

const tooMany = (what: string, most: number): HttpProblem => ({
  status: 429,
  code: 'too_many_answers',
  message: `expected at most ${most} ${what} on one socket`,
});
