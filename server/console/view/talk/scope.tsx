// Both voices as they are now: what the page sends, and what its loudspeaker plays. The last ten seconds.

import { useEffect, useRef } from 'preact/hooks';
import type { Conductor } from '../../session/controller.ts';
import { drawBar, everyFrame, prepare } from '../components/canvas.ts';

interface ScopeProps {
  readonly conductor: Conductor;
  readonly live: boolean;
  readonly provider: string;
}

export function Scope({ conductor, live, provider }: ScopeProps) {
  return (
    <div class="scope">
      <Lane label="You" side="you" live={live} read={(at, withinMs) => conductor.input.ring.recent(at, withinMs)} />
      <Lane label={provider} side="provider" live={live} read={() => conductor.outputPeak()} />
    </div>
  );
}

const barMs = 50;
const barWidth = 2;
const barStep = 4;

interface LaneProps {
  readonly label: string;
  readonly side: 'you' | 'provider';
  readonly live: boolean;
  /** The loudest sample of the `withinMs` before `at`. */
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
      // A hidden page draws nothing; do not draw all of it afterwards.
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
  const box = prepare(canvas);
  if (box === undefined) return;
  const fitting = Math.ceil(box.width / barStep);
  if (bars.length > fitting) bars.splice(0, bars.length - fitting);
  box.g.fillStyle = getComputedStyle(canvas).color;
  bars.forEach((peak, index) => {
    const x = box.width - (bars.length - index) * barStep;
    drawBar(box.g, x, peak, { width: barWidth, height: box.height });
  });
}
