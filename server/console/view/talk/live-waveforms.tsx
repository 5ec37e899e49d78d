// Live waveforms of both voices over the last ten seconds: what the page sends, and what its loudspeaker plays.

import { useEffect, useRef } from 'preact/hooks';
import type { ConsoleController } from '../../session/controller.ts';
import { drawBar, everyFrame, prepareCanvas } from '../components/canvas.ts';

interface WaveformsProps {
  readonly controller: ConsoleController;
  readonly live: boolean;
  readonly provider: string;
}

export function LiveWaveforms({ controller, live, provider }: WaveformsProps) {
  return (
    <div class="scope">
      <Lane label="You" side="you" live={live} read={(at, withinMs) => controller.input.peaks.loudest(at, withinMs)} />
      <Lane label={provider} side="provider" live={live} read={() => controller.outputPeak()} />
    </div>
  );
}

const barMs = 50;
const barStep = 4;

interface LaneProps {
  readonly label: string;
  readonly side: 'you' | 'provider';
  readonly live: boolean;
  /** Loudest sample of the `withinMs` before `at`, 0 to 1. */
  read(at: number, withinMs: number): number;
}

function Lane({ label, side, live, read }: LaneProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const reading = useRef(read);
  reading.current = read;
  useEffect(() => {
    if (!live) return;
    const bars: number[] = [];
    let drawnUntil = performance.now();
    return everyFrame(() => {
      const now = performance.now();
      // A hidden page draws nothing; what it missed is not drawn afterwards.
      if (now - drawnUntil > 2000) drawnUntil = now;
      for (; drawnUntil + barMs <= now; drawnUntil += barMs) bars.push(reading.current(drawnUntil + barMs, barMs));
      if (canvas.current !== null) draw(canvas.current, bars);
    });
  }, [live]);
  return (
    <div class={`lane lane-${side}`}>
      <span class="lane-label">{label}</span>
      <canvas ref={canvas} role="img" aria-label={`Waveform: ${label}`} />
    </div>
  );
}

function draw(canvas: HTMLCanvasElement, bars: number[]): void {
  const box = prepareCanvas(canvas);
  if (box === undefined) return;
  const fitting = Math.ceil(box.width / barStep);
  if (bars.length > fitting) bars.splice(0, bars.length - fitting);
  box.g.fillStyle = getComputedStyle(canvas).color;
  for (const [index, peak] of bars.entries()) drawBar(box, box.width - (bars.length - index) * barStep, peak);
}
