// Stacked columns over days or hours, drawn by uPlot. A line below shows the values of the one under the pointer or the arrow keys;
// colours come from the style sheet and follow the theme.

import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Series } from '../../state/ledger/totals.ts';
import { onLooksChange } from './theme.tsx';

interface PlotProps {
  readonly title: string;
  /** Starts of days or hours, ms since the epoch, UTC. */
  readonly days: readonly number[];
  readonly unit?: PlotUnit;
  readonly series: readonly Series[];
  format(value: number): string;
  /** Marks only whole numbers on the axis. */
  readonly isCount?: boolean;
}

type PlotUnit = 'day' | 'hour';

const plotHeight = 190;
const dayFormat = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' });
const hourFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
/** Seconds of a unit, the steps of the axis in seconds, and how a moment is written. */
const units = {
  day: { seconds: 86_400, steps: [1, 7, 14].map((days) => days * 86_400), write: dayFormat },
  hour: { seconds: 3600, steps: [1, 2, 3, 6, 12].map((hours) => hours * 3600), write: hourFormat },
} as const;
const wholeSteps = [1, 2, 5]
  .flatMap((step) => Array.from({ length: 9 }, (_, power) => step * 10 ** power))
  .sort((a, b) => a - b);

export function StackedDays({ title, days, unit = 'day', series, format, isCount = false }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [at, setAt] = useState<number | undefined>(undefined);
  useEffect(() => {
    const host = box.current;
    if (host === null) return;
    return draw(host, { days, unit, series, format, isCount, onPoint: setAt, onMade: (made) => (plot.current = made) });
  }, [days, unit, series, format, isCount]);
  const step = (event: KeyboardEvent) => {
    const next = stepOf(event.key, at, days.length);
    if (next === undefined) return;
    event.preventDefault();
    setAt(next);
    const left = plot.current?.valToPos((days[next] ?? 0) / 1000, 'x') ?? -10;
    plot.current?.setCursor({ left, top: 0 }, false);
  };
  return (
    <figure class="plot">
      <div
        ref={box}
        class="plot-box"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys go through the days
        tabIndex={0}
        role="img"
        aria-label={describe({ title, unit, series, format })}
        onKeyDown={step}
      />
      <figcaption class="plot-readout" aria-live="polite">
        <span class="plot-day">{at === undefined ? `All ${unit}s` : units[unit].write.format(days[at] ?? 0)}</span>
        {series.map(({ name, label, values }) => (
          <span key={name} class={`plot-key plot-key-${name}`}>
            {label} <b class="figure">{format(at === undefined ? sum(values) : (values[at] ?? 0))}</b>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/**
 * Returns the times in seconds, then the sums of each series and those below it, the tallest first: each is drawn over the one
 * before. A series without a value that day has no column: its edge would show around the one that covers it.
 */
function stack({ days, series }: Drawing): uPlot.AlignedData {
  const below = days.map(() => 0);
  const sums = series.map(({ values }) => {
    for (const [at, value] of values.entries()) below[at] = (below[at] ?? 0) + value;
    return below.map((sum, at) => (values[at] ? sum : null));
  });
  return [days.map((day) => day / 1000), ...sums.toReversed()];
}

interface Drawing extends Omit<PlotProps, 'title'> {
  readonly unit: PlotUnit;
  onPoint(at: number | undefined): void;
  onMade(plot: uPlot | undefined): void;
}

/** Draws a plot, and returns what removes it. uPlot is loaded with the first plot: a session does not need it. */
function draw(host: HTMLElement, drawing: Drawing): () => void {
  let plot: uPlot | undefined;
  let isRemoved = false;
  const watcher = new ResizeObserver(() => plot?.setSize({ width: host.clientWidth, height: plotHeight }));
  const stopRepainting = onLooksChange(() => plot?.redraw(false, true));
  void import('uplot').then(({ default: UPlot }) => {
    if (isRemoved) return;
    plot = new UPlot(optionsOf(UPlot, host, drawing), stack(drawing), host);
    drawing.onMade(plot);
    watcher.observe(host);
  });
  return () => {
    isRemoved = true;
    watcher.disconnect();
    stopRepainting();
    drawing.onMade(undefined);
    plot?.destroy();
  };
}

function optionsOf(
  UPlot: typeof uPlot,
  host: HTMLElement,
  { unit, series, format, isCount, onPoint }: Drawing,
): uPlot.Options {
  const { seconds, steps, write } = units[unit];
  const axis = { stroke: () => colourOf(host, '--muted'), font: `12px ${getComputedStyle(host).fontFamily}` };
  const grid = { stroke: () => colourOf(host, '--line'), width: 1 };
  const bars = UPlot.paths.bars?.({ size: [0.72, 30], radius: 0.12 });
  return {
    width: host.clientWidth,
    height: plotHeight,
    padding: [12, 14, 0, 0],
    legend: { show: false },
    tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), 'UTC'),
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    // Half a unit is left on both sides, so that the first and the last column are whole.
    scales: {
      x: { time: true, range: (_, min, max) => [min - seconds / 2, max + seconds / 2] },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        ticks: { show: false },
        gap: 6,
        size: 28,
        incrs: [...steps],
        space: 58,
        values: (_, splits) => splits.map((at) => write.format(at * 1000)),
      },
      {
        ...axis,
        grid,
        ticks: { show: false },
        gap: 6,
        size: 64,
        space: 44,
        values: (_, splits) => splits.map(format),
        ...(isCount ? { incrs: wholeSteps } : {}),
      },
    ],
    series: [
      {},
      ...series.toReversed().map(({ name, label }) => ({
        label,
        width: 0,
        fill: () => colourOf(host, `--${name}`),
        points: { show: false },
        ...(bars === undefined ? {} : { paths: bars }),
      })),
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)] },
  };
}

/** Colour of a custom property in the current theme; the property's own text names the colours of both themes. */
function colourOf(host: HTMLElement, property: string): string {
  host.style.color = `var(${property})`;
  return getComputedStyle(host).color;
}

function stepOf(key: string, at: number | undefined, count: number): number | undefined {
  if (count === 0) return undefined;
  if (key === 'ArrowLeft') return at === undefined ? count - 1 : Math.max(0, at - 1);
  if (key === 'ArrowRight') return at === undefined ? 0 : Math.min(count - 1, at + 1);
  if (key === 'Home') return 0;
  return key === 'End' ? count - 1 : undefined;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function describe({ title, unit = 'day', series, format }: Omit<PlotProps, 'days'>): string {
  const parts = series.map(({ label, values }) => `${label} ${format(sum(values))}`);
  return `${title}: ${parts.join(', ')} over all ${unit}s. Left and right read the ${unit}s.`;
}
