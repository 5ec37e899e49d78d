// The view of the ledger of this key: what was used in the last days on both paths, what it cost, and how good it was.

import { useEffect, useMemo } from 'preact/hooks';
import type { LedgerSumRow } from '../../api/ledger.ts';
import type { ConsoleController } from '../../session/controller.ts';
import { formatCount, formatPercent, formatUsd } from '../../state/format.ts';
import { type LedgerController, type LedgerState, type Span, spans } from '../../state/ledger/controller.ts';
import { sumRows, validShare } from '../../state/ledger/totals.ts';
import { isBusy } from '../../state/state.ts';
import { Button } from '../components/button.tsx';
import { Field, Segments } from '../components/field.tsx';
import { Nothing, Sheet } from '../components/sheet.tsx';
import { LedgerPlots } from './ledger-plots.tsx';
import { LedgerTable } from './ledger-table.tsx';

export function LedgerPage({ controller, ledger }: { controller: ConsoleController; ledger: LedgerController }) {
  const state = ledger.store.get();
  const { gateway, form, phase } = controller.state;
  const needsKey = gateway?.mode === 'keys' && form.key === '';
  useEffect(() => {
    if (gateway !== undefined && !needsKey) void ledger.load();
    // The key is left out: a change of it waits for the button.
  }, [gateway, ledger]);
  const bar = (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        void ledger.load();
      }}
    >
      {gateway?.mode === 'keys' && (
        <Field id="ledger-key" label="Gateway key">
          <input
            id="ledger-key"
            type="password"
            autocomplete="off"
            disabled={isBusy(phase)}
            value={form.key}
            onInput={(event) => controller.edit({ key: event.currentTarget.value })}
          />
        </Field>
      )}
      <Segments
        name="span"
        legend="Time"
        value={String(state.span)}
        choices={spans.map((span) => [String(span), `${span} days`])}
        onChoose={(span) => void ledger.choose({ span: Number(span) as Span })}
      />
      <Button icon="again" type="submit" disabled={needsKey || state.phase === 'loading'}>
        Refresh
      </Button>
    </form>
  );
  const whose = gateway?.mode === 'keys' ? 'What this key used' : 'What was used without a key';
  return (
    <Sheet
      name="ledger"
      title="Ledger"
      words={`${whose}: one row for each session and for each attempt of a call, days in UTC.`}
      isAsking={state.phase === 'loading'}
      bar={bar}
    >
      {needsKey ? (
        <Nothing title="This gateway asks for a key">Enter it above, then refresh.</Nothing>
      ) : (
        <Answer ledger={ledger} state={state} />
      )}
    </Sheet>
  );
}

function Answer({ ledger, state }: { ledger: LedgerController; state: LedgerState }) {
  const { phase, rows, days, span } = state;
  const total = useMemo(() => sumRows(rows), [rows]);
  const trouble = troubles[phase];
  if (trouble !== undefined) return <Nothing title={trouble[0]}>{trouble[1]}</Nothing>;
  if (phase === 'shown' && rows.length === 0) {
    return (
      <Nothing title={`Nothing was used in the last ${span} days`}>
        <a href="#talk">Have a call</a>, then come back: it is in the ledger as soon as it has ended.
      </Nothing>
    );
  }
  return (
    <div class="ledger-answer" data-ledger={phase}>
      <Tiles total={total} isThere={rows.length > 0} />
      <LedgerPlots days={days} />
      <LedgerTable ledger={ledger} state={state} total={total} />
    </div>
  );
}

const troubles: Readonly<Partial<Record<LedgerState['phase'], readonly [title: string, words: string]>>> = {
  absent: [
    'No ledger here',
    'This gateway does not answer questions about its ledger: it runs without its side process, or that is not there at the moment. Calls are not affected.',
  ],
  refused: ['The key was not accepted', 'Check it, then refresh.'],
  failed: [
    'The ledger could not be read',
    'The gateway did not answer as expected. Refresh to try again; its log says more.',
  ],
};

/** The totals, large. Their places are there before their figures. */
function Tiles({ total, isThere }: { total: LedgerSumRow; isThere: boolean }) {
  const { calls, unknownCosts, costMicroUsd, inputTokens, outputTokens, repaired, failed, score } = total;
  const share = validShare(total);
  const cost = calls > 0 && unknownCosts >= calls ? 'unknown' : formatUsd(costMicroUsd);
  const tokens = `${formatCount(inputTokens)} in, ${formatCount(outputTokens)} out`;
  const judged = share === undefined ? 'no answer was checked' : `${repaired} repaired, ${failed} failed`;
  const tiles = [
    ['Cost', cost, costAside(total)],
    ['Sessions and calls', formatCount(calls), 'each attempt counts'],
    ['Tokens', formatCount(inputTokens + outputTokens), tokens],
    ['Valid at first', formatPercent(share), judged],
    ['Score', formatPercent(score), score === undefined ? 'nothing was scored' : 'mean, by the rubric'],
  ] as const;
  return (
    <dl class="panel tiles">
      {tiles.map(([name, figure, aside]) => (
        <div key={name} class="tile">
          <dt>{name}</dt>
          <dd class="tile-figure">{isThere ? figure : ' '}</dd>
          <dd class="muted">{isThere ? aside : ' '}</dd>
        </div>
      ))}
    </dl>
  );
}

function costAside({ calls, unknownCosts, rehearsals }: LedgerSumRow): string {
  if (unknownCosts > 0) return `+ ${formatCount(unknownCosts)} of unknown cost`;
  return calls > 0 && rehearsals === calls ? 'rehearsal: nothing is billed' : 'every cost is known';
}
