// Plays replies: a playback worklet in an audio context of the reply's rate, and what it reports.

import type { ItemPlayed } from '../../../client/playback/play-queue.ts';
import { playbackRateHz } from './pcm.ts';
import type { Recording } from './recording.ts';
import { wake } from './wake.ts';
import type { PlaybackCommand, PlaybackReport } from './worklets/playback.worklet.ts';
import playbackUrl from './worklets/playback.worklet.ts?worker&url';

export interface PlaybackProgress {
  readonly totalPlayed: number;
  readonly items: readonly ItemPlayed[];
}

export interface PlayerHandlers {
  /** Called with the first sample of an item; `at`: when it is heard, monotonic milliseconds. */
  onStarted(item: string, at: number): void;
  onProgress(progress: PlaybackProgress): void;
  onGap(): void;
}

export interface Player {
  /** Time from the worklet to the ear, as the browser reports it. */
  readonly latencyMs: number;
  /** Loudest sample that is being played now, 0 to 1. */
  peak(): number;
  push(item: string, samples: Int16Array): void;
  finish(): void;
  flush(): Promise<readonly ItemPlayed[]>;
  /** Plays a recording next to the replies, so that the caller hears what is sent. Returns what stops it. */
  playAside(recording: Recording): () => void;
  close(): void;
}

/** Opens a player. Must be called in a user's gesture, or the context stays silent. @throws NoSound without an output for sound. */
export async function openPlayer(handlers: PlayerHandlers): Promise<Player> {
  const context = new AudioContext({ sampleRate: playbackRateHz, latencyHint: 'interactive' });
  try {
    await Promise.all([wake(context), context.audioWorklet.addModule(playbackUrl)]);
  } catch (cause) {
    void context.close();
    throw cause;
  }
  const node = new AudioWorkletNode(context, 'playback', { numberOfInputs: 0, outputChannelCount: [1] });
  node.connect(context.destination);
  const analyser = new AnalyserNode(context, { fftSize: 1024 });
  node.connect(analyser);
  const window = new Float32Array(analyser.fftSize);
  // The worklet answers flushes in their order.
  const flushes: ((items: readonly ItemPlayed[]) => void)[] = [];
  node.port.onmessage = (event: MessageEvent<PlaybackReport>) => receive(event.data);
  const send = (command: PlaybackCommand, transfer: Transferable[] = []) => node.port.postMessage(command, transfer);

  function receive(report: PlaybackReport): void {
    switch (report.type) {
      case 'started':
        handlers.onStarted(report.item, performance.now() + latencyOf(context));
        break;
      case 'gap':
        handlers.onGap();
        break;
      case 'progress':
        handlers.onProgress(report);
        break;
      case 'flushed':
        flushes.shift()?.(report.items);
    }
  }

  return {
    get latencyMs() {
      return latencyOf(context);
    },
    peak() {
      analyser.getFloatTimeDomainData(window);
      return window.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
    },
    push: (item, samples) => send({ type: 'push', item, samples }, [samples.buffer]),
    finish: () => send({ type: 'finish' }),
    flush: () =>
      new Promise((resolve) => {
        flushes.push(resolve);
        send({ type: 'flush' });
        // A worklet without an output that runs, such as a headset that was unplugged, answers nothing.
        if (context.state !== 'running') resolve([]);
      }),
    playAside: (recording) => playAside(context, recording),
    close() {
      for (const resolve of flushes) resolve([]);
      void context.close();
    },
  };
}

function playAside(context: AudioContext, { samples, rateHz }: Recording): () => void {
  const buffer = context.createBuffer(1, Math.max(1, samples.length), rateHz);
  buffer.copyToChannel(
    Float32Array.from(samples, (value) => value / 32_768),
    0,
  );
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(context.destination);
  source.start();
  return () => source.stop();
}

/**
 * Output latency, bounded: some drivers report nonsense. Firefox is not asked: it waits for its sound server while it holds what
 * that waits for, and the page stands still for ever (seen in 153 with PulseAudio, in a quarter of all calls).
 */
function latencyOf(context: AudioContext): number {
  const seconds = navigator.userAgent.includes('Firefox/') ? context.baseLatency : context.outputLatency;
  return Number.isFinite(seconds) ? Math.min(500, Math.max(0, seconds * 1000)) : 0;
}
