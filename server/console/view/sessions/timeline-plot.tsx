// The plot of a timeline: a lane for each kind of thing, over the time of the call. The list below it says the same in words.

import { useMemo } from 'preact/hooks';
import type { Timeline } from '../../api/sessions.ts';
import { formatClock } from '../../state/format.ts';
import { type Lane, lanesOf } from '../../state/timeline/timeline.ts';

/** Width of the plot in its own units; it is stretched to that of the page. */
const width = 1000;
const height = 20;
/** Marks of a moment would vanish otherwise. */
const leastWidth = 3;

export function TimelinePlot({ timeline }: { timeline: Timeline }) {
  const { entries, startedAt, endedAt } = timeline;
  const from = Date.parse(entries[0]?.at ?? startedAt ?? '');
  const until = endedAt === undefined ? Date.now() : Date.parse(endedAt);
  const lanes = useMemo(() => lanesOf(entries, from, until), [entries, from, until]);
  if (lanes.length === 0) return null;
  return (
    <div class="lanes">
      {lanes.map((lane) => (
        <LaneRow key={lane.name} lane={lane} />
      ))}
      <p class="lane-times muted figure">
        <span>0:00</span>
        <span>{formatClock((until - from) / 2)}</span>
        <span>{formatClock(until - from)}</span>
      </p>
    </div>
  );
}

function LaneRow({ lane: { name, marks } }: { lane: Lane }) {
  const bad = marks.filter(({ isBad }) => isBad).length;
  const words = `${name}: ${marks.length}${bad > 0 ? `, of which ${bad} stand out` : ''}`;
  return (
    <div class="time-lane">
      <p class="lane-name muted">{name}</p>
      <svg
        class="lane-plot"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={words}
      >
        <rect class="lane-ground" width={width} height={height} />
        {marks.map(({ from, to, height: share, isBad, title }) => (
          <rect
            key={`${from} ${title}`}
            class={isBad ? 'mark mark-bad' : 'mark'}
            x={Math.min(width - leastWidth, from * width)}
            y={height * (1 - share)}
            width={Math.max(leastWidth, (to - from) * width)}
            height={height * share}
          >
            <title>{title}</title>
          </rect>
        ))}
      </svg>
    </div>
  );
}
