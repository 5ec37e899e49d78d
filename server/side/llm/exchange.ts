// What passes between us and a target in one attempt: the request, and its answer, whole or as a stream. Keeps track of what may be billed.

import type { Agent } from 'undici';
import type {
  LlmCall,
  LlmOutcome,
  LlmProfile,
  LlmReply,
  LlmRequest,
  LlmStream,
} from '../../../adapters/llm/contract.ts';
import { LlmFailure } from '../../../adapters/llm/index.ts';
import { CallAborted } from './deadline.ts';
import { connectionFailure, type Head, send, wasSent } from './send.ts';

/** What is known of an attempt while it runs, and of one that failed. */
export interface AttemptProgress {
  /** It may have been worked on, so it may be billed. */
  mayHaveRun: boolean;
  /** performance.now() of the first bytes that went to the client. */
  firstByteAt: number | undefined;
  /** Of a stream: what it came to, also when it broke off. */
  partial: Omit<LlmOutcome, 'completion'> | undefined;
}

export interface ExchangeOptions {
  readonly agent: Agent;
  readonly profile: LlmProfile;
  readonly call: LlmCall;
  readonly request: LlmRequest;
  readonly maxBytes: number;
  readonly progress: AttemptProgress;
  /** For a streamed answer: its bytes, beginning with the name of the model as far as it is known. */
  readonly onBytes: (bytes: Buffer, served: string | undefined) => void;
}

/** Rejects with an LlmFailure (`timeout` when the signal is the guard's), or with the CallAborted that ended the call. */
export async function exchange(options: ExchangeOptions, signal: AbortSignal): Promise<LlmOutcome> {
  const { progress } = options;
  try {
    progress.mayHaveRun = true;
    return options.call.isStreamed ? await streamed(options, signal) : await whole(options, signal);
  } catch (error) {
    if (signal.aborted)
      throw signal.reason instanceof CallAborted ? signal.reason : new LlmFailure('timeout', 'no answer in time');
    if (!wasSent(error)) progress.mayHaveRun = false;
    throw connectionFailure(error);
  }
}

/** Who says that it failed does not bill, unless it only says that somebody behind it did not answer in time. */
function refusal({ profile, progress }: ExchangeOptions, reply: LlmReply): LlmFailure {
  const fault = profile.readFailure(reply);
  progress.mayHaveRun = fault.code === 'timeout';
  return fault;
}

async function whole(options: ExchangeOptions, signal: AbortSignal): Promise<LlmOutcome> {
  const { agent, profile, request, maxBytes, progress } = options;
  const pieces: Buffer[] = [];
  const head = await send(agent, request, { signal, maxBytes, onHead: () => (piece) => pieces.push(piece) });
  const reply = { ...head, body: joined(pieces) };
  if (reply.status !== 200) throw refusal(options, reply);
  try {
    return profile.readReply(reply);
  } catch (error) {
    if (error instanceof LlmFailure && error.code !== 'garbled') progress.mayHaveRun = false;
    throw error;
  }
}

async function streamed(options: ExchangeOptions, signal: AbortSignal): Promise<LlmOutcome> {
  const { agent, profile, call, request, maxBytes, progress, onBytes } = options;
  const refused: Buffer[] = [];
  let stream: LlmStream | undefined;
  const pass = (bytes: Buffer) => {
    if (bytes.length === 0) return;
    progress.firstByteAt ??= performance.now();
    onBytes(bytes, stream?.served());
  };
  function onHead({ status, headers }: Head) {
    if (status !== 200) return (piece: Buffer) => void refused.push(piece);
    if (!/^text\/event-stream\b/i.test(headers['content-type'] ?? ''))
      throw new LlmFailure('garbled', 'no stream where one was asked for');
    const opened = profile.readStream(headers, call);
    stream = opened;
    return (piece: Buffer) => pass(opened.push(piece));
  }
  const head = await send(agent, request, { signal, maxBytes, onHead }).catch((error: unknown) => {
    if (stream !== undefined) noteBroken(stream, progress, error);
    throw error;
  });
  if (stream === undefined) throw refusal(options, { ...head, body: joined(refused) });
  const { rest, outcome, isComplete } = stream.end();
  progress.partial = outcome;
  if (!isComplete) throw new LlmFailure('unavailable', 'the answer broke off');
  pass(rest);
  return { completion: {}, ...outcome };
}

/** The rest of a broken stream may be no event; what came before counts. */
function noteBroken(stream: LlmStream, progress: AttemptProgress, error: unknown): void {
  const hasAnswered = stream.served() !== undefined || progress.firstByteAt !== undefined;
  if (!hasAnswered && error instanceof LlmFailure && error.code !== 'garbled') progress.mayHaveRun = false;
  try {
    progress.partial = stream.end().outcome;
  } catch {
    progress.partial = undefined;
  }
}

const joined = (pieces: readonly Buffer[]): Buffer =>
  pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
