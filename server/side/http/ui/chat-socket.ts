// One WebSocket on /v1/ui/chat: many answers at once, each under the id of its request. Rule: what is wrong with one request ends that one alone,
// and a socket that closes ends none of the runs.

import { ChatChunks, readChatRequest } from '../../../../adapters/ui/index.ts';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { type HttpProblem, invalidRequest, isProblem } from '../../../http/problem.ts';
import type { Requester } from '../../../ipc/side-request.ts';
import type { Run, Runs } from '../../runs/run.ts';
import { type ChatFrame, type ChatReply, readChatFrame } from './chat-frame.ts';
import type { PacedSocket } from './paced-socket.ts';
import { internalFault, noRequestPlace, readUi } from './problems.ts';
import { lostEvent, parsedEvent } from './stream.ts';

/** Answers at once on one socket: a page with more open chats than this has lost count. */
const MAX_ANSWERS = 100;

export interface ChatClient {
  /** Finds who the client is now, as for a request over HTTP with that method: its key may have changed since the handshake. */
  requester(method: 'GET' | 'POST'): Promise<Requester | HttpProblem>;
  /** Those of the handshake, which hold where a frame names none. */
  readonly headers: Readonly<Record<string, string>>;
  readonly path: string;
  /** Takes the place of a request with a body of that size among those that wait; undefined where there is none. */
  acquire(bytes: number): Disposable | undefined;
  /** Hears of requests that are refused. */
  refused(problem: HttpProblem): void;
  /** Hears of faults of ours. */
  failed(error: unknown): void;
}

/** A request of the page that has not been answered to its end. */
interface Asked {
  readonly requestId: string;
  run?: Run;
  /** Aborts when the page wants the answer no more. */
  readonly abort: AbortController;
  stop(): void;
}

interface Following {
  readonly translator: ChatChunks;
  /** The number of the last chunk that the page has. */
  readonly after: number;
}

export class ChatSocket {
  readonly #socket: PacedSocket;
  readonly #runs: Pick<Runs, 'start' | 'findChat'>;
  readonly #client: ChatClient;
  readonly #asked = new Map<string, Asked>();
  #isClosed = false;

  constructor(socket: PacedSocket, runs: Pick<Runs, 'start' | 'findChat'>, client: ChatClient) {
    this.#socket = socket;
    this.#runs = runs;
    this.#client = client;
  }

  /** Takes a message of the page. */
  take(text: string): void {
    const frame = readChatFrame(text);
    if (frame.type === 'wrong') this.#refuse(frame.requestId, invalidRequest(frame.message, frame.param));
    else if (frame.type === 'abort') this.#abort(frame.requestId);
    else void this.#serve(frame, text.length);
  }

  /** Ends at once: its answers go on, and are resumed elsewhere. */
  drain(onIdle: () => void): void {
    onIdle();
  }

  /** Says to each request that is open why the socket ends. */
  tell(problem: HttpProblem): void {
    for (const asked of [...this.#asked.values()])
      if (this.#over(asked)) void this.#reply([errorReply(asked.requestId, problem)]);
  }

  /** Reads no run any further. */
  closed(): void {
    this.#isClosed = true;
    for (const asked of [...this.#asked.values()]) this.#over(asked);
  }

  async #serve(frame: Extract<ChatFrame, { type: 'send' | 'resume' }>, bytes: number): Promise<void> {
    const { requestId } = frame;
    if (this.#asked.has(requestId)) return this.#refuse(requestId, inUse);
    if (this.#asked.size >= MAX_ANSWERS) return this.#refuse(requestId, tooManyAnswers);
    const place = this.#client.acquire(bytes);
    if (place === undefined) return this.#refuse(requestId, noRequestPlace);
    const asked: Asked = { requestId, abort: new AbortController(), stop: () => place[Symbol.dispose]() };
    this.#asked.set(requestId, asked);
    try {
      const problem = await (frame.type === 'send' ? this.#send(asked, frame) : this.#resume(asked, frame));
      if (problem !== undefined) this.#fail(asked, problem);
    } catch (error) {
      this.#client.failed(error);
      this.#fail(asked, internalFault);
    }
  }

  async #send(asked: Asked, { body, headers }: Extract<ChatFrame, { type: 'send' }>): Promise<HttpProblem | undefined> {
    const read = readUi(() => readChatRequest(body));
    if (isProblem(read)) return read;
    if ('chunks' in read) {
      this.#reply(
        read.chunks.map((chunk, sequence) => ({ type: 'chunk', requestId: asked.requestId, sequence, chunk })),
      );
      return this.#end(asked);
    }
    const requester = await this.#client.requester('POST');
    if (isProblem(requester)) return requester;
    const { path, headers: own } = this.#client;
    const { signal } = asked.abort;
    const { chat, note } = read;
    const known = { requester, path, headers: { ...own, ...headers }, signal };
    const order = { ...known, chat, note: { ...note, sentAs: asked.requestId }, body: read.body };
    const run = await this.#runs.start({ ...order, isBackground: read.body.background === true });
    if (isProblem(run)) return run;
    if (signal.aborted) await run.cancel();
    else this.#follow(asked, run, { translator: new ChatChunks(note, { isReplay: false }), after: -1 });
    return undefined;
  }

  /** A page that names its last chunk, or its message, has what stood before this answer in its message. */
  async #resume(
    asked: Asked,
    { chat, response: id, sentAs, lastSequence }: Extract<ChatFrame, { type: 'resume' }>,
  ): Promise<HttpProblem | undefined> {
    const { requestId } = asked;
    const requester = await this.#client.requester('GET');
    if (isProblem(requester)) return requester;
    const run = await this.#runs.findChat(chat, requester, { id, sentAs, isBegun: lastSequence !== undefined });
    if (run === undefined) {
      this.#over(asked);
      return void this.#reply([{ type: 'no-active', requestId }]);
    }
    if (asked.abort.signal.aborted) return void (await run.cancel());
    this.#reply([{ type: 'start', requestId }]);
    const translator = new ChatChunks(run.note ?? {}, { isReplay: lastSequence === undefined && sentAs === undefined });
    return this.#follow(asked, run, { translator, after: lastSequence ?? -1 });
  }

  #follow(asked: Asked, run: Run, { translator, after }: Following): undefined {
    if (!this.#asked.has(asked.requestId) || this.#isClosed) return;
    asked.run = run;
    let next = 0;
    const write = (chunks: readonly JsonObject[]) => {
      const numbered = chunks.map(
        (chunk) => ({ type: 'chunk', requestId: asked.requestId, sequence: next++, chunk }) as const,
      );
      return this.#reply(numbered.filter(({ sequence }) => sequence > after));
    };
    const release = asked.stop;
    const stop = run.read(-1, {
      onEvents: (events) => write(events.flatMap((event) => translator.push(parsedEvent(event)))),
      onEnd: (problem) => {
        if (problem !== undefined) void write(translator.push(lostEvent(problem)));
        if (after >= next) this.#fail(asked, ofFuture(next - 1));
        else this.#end(asked);
      },
    });
    asked.stop = () => {
      stop();
      release();
    };
  }

  /** Ends the run, which the page no longer wants. */
  #abort(requestId: string): void {
    const asked = this.#asked.get(requestId);
    if (asked === undefined) return;
    asked.abort.abort();
    asked.run?.cancel().catch((error: unknown) => this.#client.failed(error));
    this.#end(asked);
  }

  #end(asked: Asked): undefined {
    if (this.#over(asked)) void this.#reply([{ type: 'end', requestId: asked.requestId }]);
  }

  #fail(asked: Asked, problem: HttpProblem): void {
    if (this.#over(asked)) this.#refuse(asked.requestId, problem);
  }

  /** Tells whether the request was open until now. */
  #over(asked: Asked): boolean {
    if (!this.#asked.delete(asked.requestId)) return false;
    asked.stop();
    return true;
  }

  #refuse(requestId: string, problem: HttpProblem): void {
    this.#client.refused(problem);
    void this.#reply([errorReply(requestId, problem)]);
  }

  #reply(replies: readonly ChatReply[]): unknown {
    return this.#isClosed ? undefined : this.#socket.send(replies.map((reply) => JSON.stringify(reply)));
  }
}

const errorReply = (requestId: string, { code, message: errorText, param }: HttpProblem): ChatReply => ({
  ...{ type: 'error', requestId, errorText, code },
  ...(param === undefined ? {} : { param }),
});

const inUse = invalidRequest(
  'requestId: expected another one, since this is of an answer that has not ended',
  'requestId',
);

const tooManyAnswers: HttpProblem = {
  status: 429,
  code: 'too_many_answers',
  message: `expected at most ${MAX_ANSWERS} answers at once on one socket`,
};

const ofFuture = (last: number): HttpProblem =>
  invalidRequest(`lastSequence: expected at most ${last}, the last chunk of this answer`, 'lastSequence');
