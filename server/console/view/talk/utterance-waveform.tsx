// The waveform of one utterance. The part of a reply that was played is drawn in full colour.

import { useEffect, useRef } from 'preact/hooks';
import { blockMs, type Waveform, type Waveforms } from '../../audio/waveforms.ts';
import { drawBar, everyFrame, prepareCanvas } from '../components/canvas.ts';
import { onLooksChange } from '../components/theme.tsx';

const barStep = 3;

export function UtteranceWaveform({ id, waveforms, live }: { id: string; waveforms: Waveforms; live: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let drawn = -1;
    const refresh = () => {
      const wave = waveforms.get(id);
      if (canvas.current === null || wave === undefined || wave.version === drawn) return;
      drawn = wave.version;
      draw(canvas.current, wave);
    };
    const redraw = () => {
      drawn = -1;
      refresh();
    };
    refresh();
    const stopRedrawing = onLooksChange(redraw);
    const stopFrames = live ? everyFrame(refresh) : undefined;
    return () => {
      stopFrames?.();
      stopRedrawing();
    };
  }, [id, waveforms, live]);
  return <canvas ref={canvas} class="utterance-wave" />;
}

function draw(canvas: HTMLCanvasElement, wave: Waveform): void {
  const box = prepareCanvas(canvas);
  if (box === undefined || wave.peaks.length === 0) return;
  const bars = Math.max(1, Math.min(wave.peaks.length, Math.floor(box.width / barStep)));
  const perBar = wave.peaks.length / bars;
  box.g.fillStyle = getComputedStyle(canvas).color;
  for (let bar = 0; bar < bars; bar++) {
    const from = Math.floor(bar * perBar);
    const peak = Math.max(...wave.peaks.slice(from, Math.max(from + 1, Math.floor((bar + 1) * perBar))));
    box.g.globalAlpha = from * blockMs < wave.playedMs ? 1 : 0.3;
    drawBar(box, bar * barStep, peak);
  }
  box.g.globalAlpha = 1;
}
