// The panel of the latency: each turn by its stages, a summary over all turns, and the gateway's own share.

import { useMemo } from 'preact/hooks';
import type { SessionReport } from '../../api/gateway.ts';
import type { ConsoleController } from '../../session/controller.ts';
import { formatMs, formatShare, formatUs } from '../../state/format.ts';
import {
  gatewayFraction,
  gatewayUs,
  percentile,
  stagesOf,
  summariseTurns,
  type TimedTurn,
  type TurnStage,
  turnTotalMs,
} from '../../state/latency.ts';

const shownTurns = 30;

export function LatencyPanel({ controller }: { controller: ConsoleController }) {
  const { turns, report } = controller.state;
  const shown = turns.slice(-shownTurns).toReversed();
  const us = report && gatewayUs(report);
  const scaleMs = Math.max(400, ...shown.map((turn) => turnTotalMs(turn) ?? 0));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section class="panel latency" aria-labelledby="latency-title" tabIndex={0}>
      <div class="panel-head">
        <h2 id="latency-title">Latency</h2>
        <p class="muted">{turns.length === 1 ? '1 turn' : `${turns.length} turns`}</p>
      </div>
      {turns.length === 0 && (
        <p class="empty">Each turn appears here: from the end of your speech to the first sound of the reply.</p>
      )}
      {us !== undefined && <GatewayLine turns={turns} us={us} />}
      {shown.length > 0 && (
        <ul class="legend">
          <li class="stage-noticed">speech end noticed</li>
          <li class="stage-answered">reply arrives</li>
          <li class="stage-buffered">playback starts</li>
        </ul>
      )}
      <ol class="turns" reversed>
        {shown.map((turn) => (
          <TurnRow key={turn.id} turn={turn} scaleMs={scaleMs} />
        ))}
      </ol>
      <SummaryTable turns={turns} />
      {report !== undefined && us !== undefined && <GatewayNote report={report} />}
    </section>
  );
}

/** The gateway's share over the whole session: both directions at their p50, next to the median turn. */
function GatewayLine({ turns, us }: { turns: readonly TimedTurn[]; us: number }) {
  const totals = turns.flatMap((turn) => turnTotalMs(turn) ?? []);
  const median = percentile(totals, 50);
  const fraction = gatewayFraction(us, median);
  return (
    <p class="gateway-share" data-gateway-us={us}>
      <strong>{formatUs(us)}</strong>
      {fraction !== undefined && (
        <span>
          {' '}
          of {formatMs(median)} are the gateway: <span class="unbroken">{formatShare(fraction)}</span>
        </span>
      )}
    </p>
  );
}

/** Explains what the share counts, below the figures. */
function GatewayNote({ report: { residenceUs } }: { report: SessionReport }) {
  const { upstream, downstream } = residenceUs;
  return (
    <p class="hint">
      The gateway's part: one frame up (p50 {formatUs(upstream.p50)}, p99 {formatUs(upstream.p99)}) and one down (p50{' '}
      {formatUs(downstream.p50)}, p99 {formatUs(downstream.p99)}), each from its receipt until after the send. Measured
      inside its process, over {upstream.count + downstream.count} frames; no network time.
    </p>
  );
}

function SummaryTable({ turns }: { turns: readonly TimedTurn[] }) {
  const rows = useMemo(() => summariseTurns(turns), [turns]);
  if (rows.length === 0) return null;
  return (
    <table class="summary">
      <caption class="visually-hidden">Latency over all turns of this session</caption>
      <thead>
        <tr>
          <th scope="col">Over all turns</th>
          <th scope="col">p50</th>
          <th scope="col">p95</th>
          <th scope="col">turns</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ id, label, count, p50Ms, p95Ms }) => (
          <tr key={id} data-measure={id}>
            <th scope="row">{label}</th>
            <td>{formatMs(p50Ms)}</td>
            <td>{formatMs(p95Ms)}</td>
            <td>{count}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const outcomeWords: Partial<Record<TimedTurn['outcome'], string>> = {
  cancelled: 'interrupted',
  failed: 'failed',
  incomplete: 'incomplete',
  unanswered: 'no reply',
};

/** Word for the outcome; undefined for a completed turn. A reply that the page silenced may count as complete for the provider. */
function wordOf({ outcome, marks, silenced }: TimedTurn): string | undefined {
  if (silenced === true) return 'interrupted';
  if (outcome !== 'open') return outcomeWords[outcome];
  return marks['first-audio'] === undefined && marks['first-text'] === undefined ? 'waiting' : 'replying';
}

function TurnRow({ turn, scaleMs }: { turn: TimedTurn; scaleMs: number }) {
  return useMemo(() => {
    const total = turnTotalMs(turn);
    const outcome = wordOf(turn);
    const stages = stagesOf(turn);
    return (
      <li class="turn" data-turn={turn.id} data-outcome={turn.outcome}>
        <p class="turn-head">
          <span>Turn {turn.id}</span>
          {outcome !== undefined && <span class="tag">{outcome}</span>}
          <span class="figure turn-total">{total === undefined ? '' : formatMs(total)}</span>
        </p>
        {stages.length > 0 && <Bar stages={stages} scaleMs={scaleMs} />}
        <p class="turn-foot">
          <span class="turn-stages" aria-hidden="true">
            {stages.map(({ name, startMs, endMs }) => (
              <span key={name} class={`stage-${name}`}>
                {formatMs(endMs - startMs)}
              </span>
            ))}
          </span>
          <TurnShare us={turn.gatewayUs} total={total} />
        </p>
      </li>
    );
  }, [turn, scaleMs]);
}

/** Stages as an SVG, whose geometry is in attributes: the page's policy allows no style attributes. */
function Bar({ stages, scaleMs }: { stages: readonly TurnStage[]; scaleMs: number }) {
  const words = stages.map(({ label, startMs, endMs }) => `${label} after ${formatMs(endMs - startMs)}`).join(', ');
  return (
    <svg class="bar" role="img" aria-label={words} viewBox="0 0 1000 10" preserveAspectRatio="none">
      <rect class="bar-track" x="0" y="0" width="1000" height="10" />
      {stages.map(({ name, startMs, endMs }) => (
        <rect
          key={name}
          class={`stage-${name}`}
          data-stage={name}
          x={(startMs / scaleMs) * 1000}
          y="0"
          width={Math.max(2, ((endMs - startMs) / scaleMs) * 1000)}
          height="10"
        />
      ))}
    </svg>
  );
}

function TurnShare({ us, total }: { us: number | undefined; total: number | undefined }) {
  const fraction = us === undefined ? undefined : gatewayFraction(us, total);
  if (us === undefined || fraction === undefined) return null;
  return (
    <span class="turn-share" data-share-us={us}>
      gateway {formatUs(us)} ({formatShare(fraction)})
    </span>
  );
}
