// The exchange of one attempt with its target: the request, and the answer, whole or as a stream. Keeps track of what may be billed.

import type { Agent } from 'undici';
import type {
  LlmApi,
  LlmCall,
  LlmOutcome,
  LlmReply,
  LlmRequest,
  LlmStream,
} from '../../../../adapters/llm/contract.ts';
import { failureOfReply, LlmFailure, streamInForm, streamOfCompletion } from '../../../../adapters/llm/index.ts';
import { sniffed, withoutMark } from '../send/body-type.ts';
import { connectionFailure, type Head, send, wasSent } from '../send/send.ts';
import type { Watch } from '../send/silence.ts';
import { CallAborted } from './deadline.ts';

/** The facts about an attempt while it runs, and after it failed. */
export interface AttemptProgress {
  /** The target may have worked on it, so it may be billed. */
  mayHaveRun: boolean;
  /** The head of an answer with the status 200 has come. */
  hasAnswered: boolean;
  /** Time of the first bytes that went to the client, by performance.now(). */
  firstByteAt: number | undefined;
  /** Bytes of what the model said in a stream; undefined where no stream has begun. */
  receivedBytes: number | undefined;
  /** The outcome of a stream, also when it broke off. */
  partial: Omit<LlmOutcome, 'completion'> | undefined;
  /** The stream that the client is sent; undefined where none has begun. */
  stream: Pick<LlmStream, 'failed'> | undefined;
}

/** The facts before anything was sent. */
export const newProgress = (): AttemptProgress => ({
  mayHaveRun: false,
  hasAnswered: false,
  firstByteAt: undefined,
  receivedBytes: undefined,
  partial: undefined,
  stream: undefined,
});

type StreamEnd = ReturnType<LlmStream['end']>;

interface ExchangeOptions {
  readonly agent: Agent;
  /** The endpoint's API that serves the call. */
  readonly api: LlmApi;
  readonly call: LlmCall;
  /** The model that is asked for. */
  readonly model: string;
  readonly request: LlmRequest;
  readonly maxBytes: number;
  readonly progress: AttemptProgress;
  /** Called when the target has answered 200 with a stream. */
  readonly onOpened: () => void;
  /** Takes comments that come before the content of a stream. */
  readonly onComment: (bytes: Buffer) => void;
  /** Called when the model thinks: something of it came that the client is not sent. */
  readonly onThought: () => void;
  /** Called for each part of a whole answer. Blanks, with which some gateways keep the connection open, are none. */
  readonly onPart?: (() => void) | undefined;
  /** Takes the content of a streamed answer, with the model that serves as soon as it is known. */
  readonly onBytes: (bytes: Buffer, served: string | undefined) => void;
}

/** Rejects with an LlmFailure (`timeout` after too long a silence), or with the CallAborted that ended the call. */
export async function exchange(options: ExchangeOptions, watch: Watch): Promise<LlmOutcome> {
  const { progress } = options;
  try {
    progress.mayHaveRun = true;
    return options.call.isStreamed ? await streamed(options, watch) : await whole(options, watch);
  } catch (error) {
    const { aborted, reason } = watch.signal;
    if (aborted && (reason instanceof CallAborted || reason instanceof LlmFailure)) throw reason;
    if (!wasSent(error)) progress.mayHaveRun = false;
    throw connectionFailure(error);
  }
}

/** A target that says that it failed does not bill, unless it says that somebody behind it did not answer in time. */
function readFailure({ progress }: ExchangeOptions, reply: LlmReply): LlmFailure {
  const failure = failureOfReply(reply);
  progress.mayHaveRun = failure.code === 'timeout';
  return failure;
}

const SPACE = 0x20;

async function whole(options: ExchangeOptions, { signal, heard }: Watch): Promise<LlmOutcome> {
  const { agent, request, maxBytes, onPart } = options;
  const pieces: Buffer[] = [];
  const take = (piece: Buffer) => {
    pieces.push(piece);
    if (onPart !== undefined && piece.some((byte) => byte > SPACE)) onPart();
  };
  const head = await send(agent, request, {
    signal,
    heard,
    maxBytes,
    onHead: ({ status }) => {
      options.progress.hasAnswered = status === 200;
      return take;
    },
  });
  return readWhole(options, { ...head, body: withoutMark(Buffer.concat(pieces)) });
}

function readWhole(options: ExchangeOptions, reply: LlmReply): LlmOutcome {
  const { api, call, model, progress } = options;
  if (reply.status !== 200) throw readFailure(options, reply);
  try {
    return api.readReply(reply, model, call);
  } catch (error) {
    if (error instanceof LlmFailure) {
      progress.partial = error.outcome;
      if (!isBilled(error)) progress.mayHaveRun = false;
    }
    throw error;
  }
}

/** A target has worked on an answer that cannot be read, that the model gave up, or that did not come in time. */
const isBilled = ({ code }: LlmFailure): boolean => code === 'garbled' || code === 'aborted' || code === 'timeout';

async function streamed(options: ExchangeOptions, watch: Watch): Promise<LlmOutcome> {
  const { agent, request, maxBytes } = options;
  const { signal, heard } = watch;
  const answer = new StreamedAnswer(options, watch);
  const sending = send(agent, request, { signal, heard, maxBytes, onHead: (head, end) => answer.begin(head, end) });
  return sending
    .finally(() => answer.close())
    .then(
      (head) => answer.end(head),
      (error) => answer.broken(error),
    );
}

/** Time that an endpoint has, after its last word, to end its answer: with it its connection is used again. */
const OVER_MS = 1000;

/** An answer to a call that wants a stream: one, or a whole answer of an endpoint that gives none. */
class StreamedAnswer {
  readonly #options: ExchangeOptions;
  readonly #answering: () => void;
  readonly #whole: Buffer[] = [];
  #stream: LlmStream | undefined;
  /** Ends the request. */
  #stop: (error: Error) => void = () => {};
  #overTimer: NodeJS.Timeout | undefined;

  constructor(options: ExchangeOptions, { answering }: Watch) {
    this.#options = options;
    this.#answering = answering;
  }

  /** Returns what takes the body. Some endpoints and proxies name another type or none, and some name an error a stream: the first bytes tell. */
  begin({ status, headers }: Head, stop: (error: Error) => void): (piece: Buffer) => void {
    this.#stop = stop;
    const keep = (piece: Buffer) => void this.#whole.push(piece);
    if (status !== 200) return keep;
    this.#options.progress.hasAnswered = true;
    const isNamed = /^text\/event-stream\b/i.test(headers['content-type'] ?? '');
    if (isNamed) this.#open(headers);
    const whole = () => {
      this.#stream = undefined;
      this.#options.progress.stream = undefined;
      this.#options.progress.receivedBytes = undefined;
      return keep;
    };
    const stream = () => {
      const opened = this.#stream ?? this.#open(headers);
      return (piece: Buffer) => this.#forward(opened, piece);
    };
    return sniffed({ stream, whole }, isNamed);
  }

  /** Nothing more comes. */
  close(): void {
    clearTimeout(this.#overTimer);
  }

  /** The outcome of an answer whose last byte has come. */
  end(head: Head): LlmOutcome {
    const { call, progress } = this.#options;
    if (this.#stream === undefined) {
      const outcome = readWhole(this.#options, { ...head, body: withoutMark(Buffer.concat(this.#whole)) });
      this.#deliver(streamInForm(outcome, call) ?? streamOfCompletion(outcome, call), outcome.served);
      return { ...outcome, completion: {} };
    }
    const end = this.#stream.end();
    progress.partial = end.outcome;
    progress.receivedBytes = this.#stream.receivedBytes();
    if (!end.isComplete) throw new LlmFailure('unavailable', 'the answer broke off');
    return this.#finished(end);
  }

  /** @throws the error, unless only the connection broke, after the last word had come. */
  broken(error: unknown): LlmOutcome {
    const end = this.#stream === undefined ? undefined : noteBroken(this.#stream, this.#options.progress, error);
    if (end?.isComplete && (isOfConnection(error) || this.#stream?.isOver())) return this.#finished(end);
    throw error;
  }

  #open(headers: Head['headers']): LlmStream {
    const { api, call, model, progress, onOpened } = this.#options;
    this.#stream = api.readStream(headers, call, model);
    progress.stream = this.#stream;
    progress.receivedBytes = 0;
    onOpened();
    return this.#stream;
  }

  #forward(stream: LlmStream, piece: Buffer): void {
    const receivedBytes = stream.receivedBytes();
    const bytes = stream.push(piece);
    if (stream.hasContent()) this.#deliver(bytes, stream.served());
    else if (bytes.length > 0) this.#options.onComment(bytes);
    if (stream.receivedBytes() > receivedBytes) this.#options.onThought();
    if (stream.isOver()) this.#overTimer ??= setTimeout(() => this.#stop(new Error('the answer is over')), OVER_MS);
  }

  #deliver(bytes: Buffer, served: string | undefined): void {
    if (bytes.length === 0) return;
    this.#options.progress.firstByteAt ??= performance.now();
    this.#answering();
    this.#options.onBytes(bytes, served);
  }

  /** The end of an answer without a word is content, too. */
  #finished({ rest, outcome }: StreamEnd): LlmOutcome {
    this.#deliver(rest, outcome.served);
    return { completion: {}, ...outcome };
  }
}

/** Tells a fault of the connection, which takes nothing from an answer whose last word has come, from one of the answer. */
const isOfConnection = (error: unknown): boolean =>
  error instanceof LlmFailure ? error.code === 'timeout' : !(error instanceof CallAborted);

/** Keeps what a broken stream came to. Its last bytes may be half an event. */
function noteBroken(stream: LlmStream, progress: AttemptProgress, error: unknown): StreamEnd | undefined {
  const hasAnswered = stream.served() !== undefined || stream.receivedBytes() > 0 || progress.firstByteAt !== undefined;
  if (!hasAnswered && error instanceof LlmFailure && !isBilled(error)) progress.mayHaveRun = false;
  try {
    const end = stream.end();
    progress.partial = end.outcome;
    return end;
  } catch {
    progress.partial = undefined;
    return undefined;
  } finally {
    progress.receivedBytes = stream.receivedBytes();
  }
}
