// The exchange of one attempt with its target: the request, and the answer, whole or as a stream. Keeps track of what may be billed.

import type { Agent } from 'undici';
import type {
  LlmCall,
  LlmOutcome,
  LlmProfile,
  LlmReply,
  LlmRequest,
  LlmStream,
} from '../../../adapters/llm/contract.ts';
import { failureOfReply, LlmFailure, streamOfCompletion } from '../../../adapters/llm/index.ts';
import { CallAborted } from './deadline.ts';
import type { Silence } from './guard/silence.ts';
import { sniffed, withoutMark } from './send/body-type.ts';
import { connectionFailure, type Head, send, wasSent } from './send/send.ts';

/** The facts about an attempt while it runs, and after it failed. */
export interface AttemptProgress {
  /** The target may have worked on it, so it may be billed. */
  mayHaveRun: boolean;
  /** Time of the first bytes that went to the client, by performance.now(). */
  firstByteAt: number | undefined;
  /** Bytes of what the model said in a stream; undefined where no stream has begun. */
  receivedBytes: number | undefined;
  /** The outcome of a stream, also when it broke off. */
  partial: Omit<LlmOutcome, 'completion'> | undefined;
}

/** The facts before anything was sent. */
export const newProgress = (): AttemptProgress => ({
  mayHaveRun: false,
  firstByteAt: undefined,
  receivedBytes: undefined,
  partial: undefined,
});

type StreamEnd = ReturnType<LlmStream['end']>;

interface ExchangeOptions {
  readonly agent: Agent;
  readonly profile: LlmProfile;
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
  /** Called for each part of a whole answer. Blanks, with which some gateways keep the connection open, are none. */
  readonly onPart?: (() => void) | undefined;
  /** Takes the content of a streamed answer, with the model that serves as soon as it is known. */
  readonly onBytes: (bytes: Buffer, served: string | undefined) => void;
}

/** Rejects with an LlmFailure (`timeout` after too long a silence), or with the CallAborted that ended the call. */
export async function exchange(options: ExchangeOptions, silence: Silence): Promise<LlmOutcome> {
  const { progress } = options;
  try {
    progress.mayHaveRun = true;
    return options.call.isStreamed ? await streamed(options, silence) : await whole(options, silence);
  } catch (error) {
    const { aborted, reason } = silence.signal;
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

async function whole(options: ExchangeOptions, { signal, heard }: Silence): Promise<LlmOutcome> {
  const { agent, request, maxBytes, onPart } = options;
  const pieces: Buffer[] = [];
  const take = (piece: Buffer) => {
    pieces.push(piece);
    if (onPart !== undefined && piece.some((byte) => byte > SPACE)) onPart();
  };
  const head = await send(agent, request, { signal, heard, maxBytes, onHead: () => take });
  return readWhole(options, { ...head, body: withoutMark(Buffer.concat(pieces)) });
}

function readWhole(options: ExchangeOptions, reply: LlmReply): LlmOutcome {
  const { profile, model, progress } = options;
  if (reply.status !== 200) throw readFailure(options, reply);
  try {
    return profile.readReply(reply, model);
  } catch (error) {
    if (error instanceof LlmFailure) {
      progress.partial = error.outcome;
      if (!isBilled(error)) progress.mayHaveRun = false;
    }
    throw error;
  }
}

/** A target has worked on an answer that cannot be read, or that the model gave up. */
const isBilled = ({ code }: LlmFailure): boolean => code === 'garbled' || code === 'aborted';

async function streamed(options: ExchangeOptions, { signal, heard }: Silence): Promise<LlmOutcome> {
  const { agent, profile, call, model, request, maxBytes, progress, onBytes } = options;
  const wholeBody: Buffer[] = [];
  let stream: LlmStream | undefined;
  const deliver = (bytes: Buffer, served: string | undefined) => {
    if (bytes.length === 0) return;
    progress.firstByteAt ??= performance.now();
    onBytes(bytes, served);
  };
  const forward = (bytes: Buffer) => {
    if (stream?.hasContent()) deliver(bytes, stream.served());
    else if (bytes.length > 0) options.onComment(bytes);
  };
  // The end of an answer without a word is content, too.
  const finished = ({ rest, outcome }: StreamEnd): LlmOutcome => {
    deliver(rest, outcome.served);
    return { completion: {}, ...outcome };
  };
  const keep = (piece: Buffer) => void wholeBody.push(piece);
  function open(headers: Head['headers']) {
    const opened = profile.readStream(headers, call, model);
    stream = opened;
    progress.receivedBytes = 0;
    options.onOpened();
    return (piece: Buffer) => forward(opened.push(piece));
  }
  function onHead({ status, headers }: Head) {
    if (status !== 200) return keep;
    if (/^text\/event-stream\b/i.test(headers['content-type'] ?? '')) return open(headers);
    // Some endpoints and proxies name another type, or none: the first bytes tell.
    return sniffed({ stream: () => open(headers), whole: () => keep });
  }
  const answer = await send(agent, request, { signal, heard, maxBytes, onHead }).catch((error: unknown) => {
    const end = stream === undefined ? undefined : noteBroken(stream, progress, error);
    if (end?.isComplete && isOfConnection(error)) return { end };
    throw error;
  });
  if ('end' in answer) return finished(answer.end);
  if (stream === undefined) {
    const outcome = readWhole(options, { ...answer, body: withoutMark(Buffer.concat(wholeBody)) });
    deliver(streamOfCompletion(outcome, call), outcome.served);
    return { ...outcome, completion: {} };
  }
  const end = stream.end();
  progress.partial = end.outcome;
  progress.receivedBytes = stream.receivedBytes();
  if (!end.isComplete) throw new LlmFailure('unavailable', 'the answer broke off');
  return finished(end);
}

/** Tells a fault of the connection, which takes nothing from an answer whose last word has come, from one of the answer. */
const isOfConnection = (error: unknown): boolean =>
  error instanceof LlmFailure ? error.code === 'timeout' : !(error instanceof CallAborted);

/** Keeps what a broken stream came to. Its last bytes may be half an event. */
function noteBroken(stream: LlmStream, progress: AttemptProgress, error: unknown): StreamEnd | undefined {
  const hasAnswered = stream.served() !== undefined || progress.firstByteAt !== undefined;
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
