// What passes between us and a target in one attempt: the request, and its answer, whole or as a stream. Keeps track of what may be billed.

import type { Agent } from 'undici';
import { LlmFault } from '../../adapters/llm/index.ts';
import type { LlmCall, LlmOutcome, LlmProfile, LlmRequest } from '../../adapters/llm/llm.ts';
import { Interrupted } from './call-scope.ts';
import { connectionFault, type Incoming, readBody, readWhole, send, wasSent } from './send.ts';

/** What is known of an attempt while it runs, and of one that failed. */
export interface Progress {
  /** It may have been worked on, so it may be billed. */
  mayHaveRun: boolean;
  /** performance.now() of the first bytes that went to the client. */
  firstByteAt: number | undefined;
  /** Of a stream: what it came to, also when it broke off. */
  partial: Omit<LlmOutcome, 'completion'> | undefined;
}

export interface Exchange {
  readonly agent: Agent;
  readonly profile: LlmProfile;
  readonly call: LlmCall;
  readonly request: LlmRequest;
  readonly maxBytes: number;
  readonly progress: Progress;
  /** For a streamed answer: its bytes, beginning with the name of the model as far as it is known. */
  readonly onBytes: (bytes: Buffer, served: string | undefined) => void;
}

/** Rejects with an LlmFault (`timeout` when the signal is the guard's), or with the Interrupted that ended the call. */
export async function exchange(options: Exchange, signal: AbortSignal): Promise<LlmOutcome> {
  const { progress } = options;
  try {
    progress.mayHaveRun = true;
    const incoming = await send(options.agent, options.request, signal);
    if (incoming.status !== 200) throw await refusal(options, incoming);
    return options.call.isStreamed ? await readStream(options, incoming) : await readReply(options, incoming);
  } catch (error) {
    if (signal.aborted)
      throw signal.reason instanceof Interrupted ? signal.reason : new LlmFault('timeout', 'no answer in time');
    if (!wasSent(error)) progress.mayHaveRun = false;
    throw connectionFault(error);
  }
}

/** Who says that it failed does not bill, unless it only says that somebody behind it did not answer in time. */
async function refusal(
  { profile, maxBytes, progress }: Exchange,
  { status, headers, body }: Incoming,
): Promise<LlmFault> {
  const fault = profile.fault({ status, headers, body: await readWhole(body, maxBytes) });
  progress.mayHaveRun = fault.code === 'timeout';
  return fault;
}

async function readReply({ profile, maxBytes, progress }: Exchange, incoming: Incoming): Promise<LlmOutcome> {
  const { status, headers } = incoming;
  const body = await readWhole(incoming.body, maxBytes);
  try {
    return profile.readReply({ status, headers, body });
  } catch (error) {
    if (error instanceof LlmFault && error.code !== 'garbled') progress.mayHaveRun = false;
    throw error;
  }
}

async function readStream(options: Exchange, { headers, body }: Incoming): Promise<LlmOutcome> {
  const { profile, call, maxBytes, progress, onBytes } = options;
  if (!/^text\/event-stream\b/i.test(headers['content-type'] ?? '')) {
    body.destroy();
    throw new LlmFault('garbled', 'no stream where one was asked for');
  }
  const stream = profile.readStream(headers, call);
  const pass = (bytes: Buffer) => {
    if (bytes.length === 0) return;
    progress.firstByteAt ??= performance.now();
    onBytes(bytes, stream.served());
  };
  try {
    await readBody(body, maxBytes, (piece) => pass(stream.push(piece)));
  } catch (error) {
    const hasAnswered = stream.served() !== undefined || progress.firstByteAt !== undefined;
    if (!hasAnswered && error instanceof LlmFault && error.code !== 'garbled') progress.mayHaveRun = false;
    progress.partial = partialOf(stream);
    throw error;
  }
  const { rest, outcome, isComplete } = stream.end();
  progress.partial = outcome;
  if (!isComplete) throw new LlmFault('unavailable', 'the answer broke off');
  pass(rest);
  return { completion: {}, ...outcome };
}

/** The rest of a broken stream may be no event; what came before counts. */
function partialOf(stream: ReturnType<LlmProfile['readStream']>): Progress['partial'] {
  try {
    return stream.end().outcome;
  } catch {
    return undefined;
  }
}
