// Answers that are streamed in tokens, at both ends: the provider's pacing, and what the clients measure of it.

import type { Socket } from 'node:net';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { encodeFrame } from '../../codecs/websocket/frame-encoder.ts';
import { createHistogram, encodeHistogram, recordNs } from '../figures/histogram.ts';
import type { Pace } from './load.ts';
import { ANSWER_LOOK_NS, nap } from './schedule.ts';
import { createTemplate, nowNs, type Stamp, stamped } from './wire.ts';

const eventOf = (event: object) => encodeFrame('text', Buffer.from(JSON.stringify(event)), false);
const response = { object: 'realtime.response', id: 'resp_Bench0000000000000001', output_modalities: ['text'] };
const CREATED = eventOf({ type: 'response.created', response: { ...response, status: 'in_progress', output: [] } });
const DONE = eventOf({ type: 'response.done', response: { ...response, status: 'completed', output: [] } });

/** A text streamed in tokens, on a schedule that begins when the question has come. */
export interface StreamedAnswer extends Pace {
  /** Size of the message that carries one token. */
  readonly tokenBytes: number;
}

interface Stream {
  readonly socket: Socket;
  readonly stamp: Stamp;
  left: number;
  dueNs: number;
}

/** Call it with each question: token i leaves at `thinkMs + i * gapMs` from then on, whatever else is streamed. */
export function streamAnswers({
  thinkMs,
  tokens,
  gapMs,
  tokenBytes,
}: StreamedAnswer): (socket: Socket, asked: Stamp) => void {
  const token = createTemplate('text', tokenBytes);
  const streams = new Set<Stream>();
  let isServing = false;

  async function serve(): Promise<void> {
    isServing = true;
    while (streams.size > 0) {
      const next = [...streams].reduce((a, b) => (b.dueNs < a.dueNs ? b : a));
      const leftNs = next.dueNs - nowNs();
      if (leftNs > 0) await nap(leftNs, ANSWER_LOOK_NS);
      else send(next);
      await yieldToLoop();
    }
    isServing = false;
  }

  function send(stream: Stream): void {
    const { socket, stamp } = stream;
    socket.write(stamped(token, stamp));
    stream.left -= 1;
    stream.dueNs += gapMs * 1e6;
    if (stream.left > 0 && !socket.destroyed) return;
    socket.write(DONE);
    streams.delete(stream);
  }

  return (socket, asked) => {
    const dueNs = nowNs() + thinkMs * 1e6;
    socket.write(CREATED);
    streams.add({ socket, stamp: { ...asked, wantsEcho: false, isToken: true }, left: tokens, dueNs });
    if (!isServing) void serve();
  };
}

/** Streamed answers that the clients saw since the last call: histograms in nanoseconds, compressed base64. */
export interface StreamedTokens {
  /** Time from the intended time of the question to the first token. */
  readonly firsts: string;
  /** Time between two tokens of an answer. */
  readonly gaps: string;
}

export function createTokenMeter() {
  let [firsts, gaps] = [createHistogram(), createHistogram()];
  return {
    /** Meter of one session, whose answers come one after the other: call it with the stamp of each token on its arrival. */
    session() {
      let last: { readonly intendedNs: number; readonly atNs: number } | undefined;
      return ({ intendedNs, isMeasured }: Stamp) => {
        const atNs = nowNs();
        const isFirst = last?.intendedNs !== intendedNs;
        if (isMeasured) recordNs(isFirst ? firsts : gaps, atNs - (isFirst ? intendedNs : (last?.atNs ?? 0)));
        last = { intendedNs, atNs };
      };
    },
    collect(): StreamedTokens {
      const streamed = { firsts: encodeHistogram(firsts), gaps: encodeHistogram(gaps) };
      [firsts, gaps] = [createHistogram(), createHistogram()];
      return streamed;
    },
  };
}
