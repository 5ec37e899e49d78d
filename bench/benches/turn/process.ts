// The callers of the turn bench, in a process of their own: they speak in real time, whatever is answered, and write down
// when they said what and when they heard what.

import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { RunningContender } from '../../bench.ts';
import { serveMethods } from '../../machine/rpc.ts';
import type { CallerTrace, HeardMark, Reply, SaidAppend } from './data.ts';
import type { TurnScript } from './script.ts';

const OPEN_MS = 15_000;
const LEAD_MS = 100;
const ANSWER_MS = 3000;

export interface TalkPlan {
  readonly targets: readonly (Pick<RunningContender, 'headers'> & { readonly name: string; readonly url: string })[];
  /** Sessions with each target. */
  readonly sessions: number;
  readonly script: TurnScript;
}

type Target = TalkPlan['targets'][number];
type Event = Readonly<Record<string, unknown>>;

const methods = {
  /** All at once, spread over one turn: A B C A B C ... */
  async talk({ targets, sessions, script }: TalkPlan): Promise<CallerTrace[]> {
    const callers = Array.from(
      { length: sessions * targets.length },
      (_, index) => new Caller(targets[index % targets.length] as Target),
    );
    for (const caller of callers) await caller.open();
    const startAt = performance.now() + LEAD_MS;
    const stepMs = (script.appends.length * script.appendMs) / callers.length;
    return Promise.all(callers.map((caller, index) => caller.talk(script, startAt + index * stepMs)));
  },
};
export type TalkMethods = typeof methods;

/** One session. */
class Caller {
  readonly #socket: WebSocket;
  readonly #name: string;
  readonly #created = Promise.withResolvers<void>();
  readonly #started: HeardMark[] = [];
  readonly #stopped: HeardMark[] = [];
  readonly #replies = new Map<unknown, Reply>();
  #fault: string | undefined;

  constructor({ name, url, headers }: Target) {
    this.#name = name;
    this.#socket = new WebSocket(url, { headers, perMessageDeflate: false, handshakeTimeout: OPEN_MS });
    this.#socket.on('message', (data) => this.#heard(JSON.parse(data.toString()) as Event, performance.now()));
    this.#socket.on('error', (error) => this.#failed(error.message));
    this.#socket.on('close', (code) => this.#failed(`closed with ${code}`));
  }

  /** Resolves after the first event, or when there is a fault, which `talk` gives. */
  async open(): Promise<void> {
    const late = setTimeout(() => this.#failed('no first event'), OPEN_MS);
    await this.#created.promise;
    clearTimeout(late);
  }

  async talk({ appends, appendMs, started, stopped }: TurnScript, startAt: number): Promise<CallerTrace> {
    const marks = new Set([...started, ...stopped].map(({ append }) => append));
    const messages = appends.map((message) => Buffer.from(message));
    const said: SaidAppend[] = [];
    for (let append = 0; append < started.length * messages.length && !this.#fault; append += 1) {
      const dueAt = startAt + append * appendMs;
      const leftMs = dueAt - performance.now();
      if (leftMs > 0) await delay(Math.ceil(leftMs));
      const at = performance.now();
      this.#socket.send(messages[append % messages.length] as Buffer, { binary: false });
      if (marks.has(append)) said.push({ append, at, lateMs: at - dueAt });
    }
    await this.#answered(started.length);
    const trace = { contender: this.#name, said, started: this.#started, stopped: this.#stopped };
    const whole = { ...trace, replies: [...this.#replies.values()], fault: this.#fault };
    this.#socket.close(1000);
    return whole;
  }

  /** Waits until the answer to the last turn has begun, or does not come. */
  async #answered(turns: number): Promise<void> {
    const until = performance.now() + ANSWER_MS;
    while (this.#replies.size < turns && !this.#fault && performance.now() < until) await delay(20);
  }

  #failed(fault: string): void {
    this.#fault ??= fault;
    this.#created.resolve();
  }

  #heard(event: Event, at: number): void {
    switch (event.type) {
      case 'session.created':
        this.#created.resolve();
        break;
      case 'input_audio_buffer.speech_started':
        this.#started.push({ at, audioMs: Number(event.audio_start_ms) });
        break;
      case 'input_audio_buffer.speech_stopped':
        this.#stopped.push({ at, audioMs: Number(event.audio_end_ms) });
        break;
      case 'response.output_audio.delta':
        this.#replied(event.response_id, { lastAt: at });
        break;
      case 'response.done': {
        const { id, status } = event.response as { id: string; status: string };
        this.#replied(id, { doneAt: at, status });
        break;
      }
      case 'error':
        this.#failed(JSON.stringify(event.error));
    }
  }

  #replied(id: unknown, news: Partial<Reply>): void {
    const known = this.#replies.get(id) ?? { firstAt: news.lastAt };
    this.#replies.set(id, { ...known, ...news });
  }
}

serveMethods(methods);
