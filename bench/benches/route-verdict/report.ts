// The table of the verdict: what each path delivers, by what a team asks for, and which class should take which path, out of that.

import { digits } from '../../figures/format.ts';
import type { ReportTable } from '../../figures/results.ts';
import type { LedgerSum } from '../side-hop/ledger.ts';
import type { measureDirect } from './direct.ts';
import type { AddedTimes } from './latency.ts';
import type { measureRouted, Recovery } from './routed.ts';

export interface VerdictData {
  readonly direct: Awaited<ReturnType<typeof measureDirect>>;
  readonly routed: Awaited<ReturnType<typeof measureRouted>>;
  readonly frames: AddedTimes;
  readonly calls: AddedTimes;
  readonly ledger: readonly LedgerSum[];
}

export function describeVerdict(measured: VerdictData) {
  return {
    tables: [verdictTable(measured), classTable(measured)],
    notes: [
      'Direct: native sessions to the provider, and LLM endpoints under a contract. Routed: calls through an LLM gateway that chooses. Providers and gateways are the mocks of this run: what they list, charge and do is their script; what came through, was refused, recorded and took time is measured.',
      ...measured.routed.requestFields.changed.map(
        (name) => `the field ${name} did not come to the endpoint as it was`,
      ),
    ],
  };
}

/** A difference that came out below zero is noise, and is said to be. */
const ms = (value: number): string => `${digits(value)} ms${value < 0 ? ' (noise)' : ''}`;
const of = (part: number, all: number, what: string): string => `${part} of ${all} ${what}`;
const list = (names: readonly string[]): string => (names.length > 0 ? names.join(', ') : 'none');

function verdictTable({ direct, routed, frames, calls, ledger }: VerdictData): ReportTable {
  const { listed, offered, answered, refusals, regulated, requestFields, answerFields } = routed;
  return {
    title: 'what each path delivers in this configuration, measured',
    columns: ['', 'direct path', 'routed path'],
    rows: [
      [
        'model coverage',
        `${listed.contract.length} listed by the contract's endpoint (${list(listed.contract)}); sessions with the one model of the key`,
        `${listed.router.length} listed by the router (${list(listed.router)}); ${offered.length} configured as targets, ${answered.length} answered`,
      ],
      [
        'fallback: the target dies',
        `session: the client knows after ${ms(direct.toldMs)}, and its next one speaks after ${ms(direct.recoveredMs)}; call: ${recoveryWords(routed.noFallback)}`,
        `call: ${recoveryWords(routed.fallback)}`,
      ],
      [
        'latency and realtime control',
        `adds ${ms(frames.p50)} (p50), ${ms(frames.p99)} (p99) to an audio frame; response.cancel is at the provider after ${ms(direct.controlMs)}`,
        `adds ${ms(calls.p50)} (p50), ${ms(calls.p99)} (p99) to a chat completion; nothing to interrupt, one call is one answer`,
      ],
      [
        'governance',
        `${of(sumOf(ledger, isRealtime), direct.sessions, 'sessions in the ledger')}; ${of(direct.refusedOthers, direct.askedOthers, 'handshakes for other models refused')}, ${direct.leakedOthers} came to the provider`,
        `${of(sumOf(ledger, isAnswered), routed.attemptsSeen, 'calls that came to an endpoint in the ledger')}, and ${sumOf(ledger, isCall) - sumOf(ledger, isAnswered)} attempts that came to none; ${of(refusals.refused, refusals.asked, 'calls refused by policy or budget')}, ${refusals.leaked} came to an endpoint`,
      ],
      [
        'compliance',
        `${of(direct.sessions - direct.credentialsSeen, direct.sessions, "handshakes without the client's credential")}; regulated calls: ${of(regulated.answered, regulated.asked, 'answered under the contract')}`,
        `regulated calls: ${of(regulated.cameToRouter, regulated.asked, 'came to the router')}`,
      ],
      ['cost for each call or session', costWords(ledger, 'direct'), costWords(ledger, 'routed')],
      [
        'native feature depth',
        `${of(direct.eventsUnmodified, direct.eventsSent, 'events byte for byte, both ways')}`,
        `${of(requestFields.same, requestFields.sent, 'fields of a request')} and ${of(answerFields.same, answerFields.sent, 'of an answer as they were')}`,
      ],
      [
        'lock-in',
        'the bytes are those of one provider: nothing was translated',
        `one request, word for word, was answered by ${answered.length} models of ${Object.keys(listed).length} endpoints (${list(answered)})`,
      ],
    ],
  };
}

function recoveryWords({ recoveredMs, calls, failed, backMs }: Recovery): string {
  const answered = recoveredMs === undefined ? 'no answer while it is dead' : `answered again after ${ms(recoveredMs)}`;
  const back =
    failed === 0 ? '' : backMs === undefined ? ', none soon after its return' : `, ${ms(backMs)} after its return`;
  return `${answered} (${of(failed, calls, 'failed')}${back})`;
}

const isRealtime = ({ by }: LedgerSum): boolean => by[2] === 'realtime';
const isCall = ({ by }: LedgerSum): boolean => by[2] !== 'realtime';

const isAnswered = (row: LedgerSum): boolean => isCall(row) && row.by[3] === 'ok';

const sumOf = (ledger: readonly LedgerSum[], which: (row: LedgerSum) => boolean): number =>
  ledger.filter(which).reduce((sum, { calls }) => sum + calls, 0);

/** Mean cost of each class over the calls that have a cost. */
function costWords(ledger: readonly LedgerSum[], path: string): string {
  const classes = new Map<string, { cost: number; known: number; unknown: number; isRealtime: boolean }>();
  for (const value of ledger.filter((row) => row.by[1] === path && (isRealtime(row) || row.by[3] === 'ok'))) {
    const name = `${value.by[0]}${isRealtime(value) ? ' (sessions)' : ''}`;
    const sum = classes.get(name) ?? { cost: 0, known: 0, unknown: 0, isRealtime: isRealtime(value) };
    sum.cost += value.costMicroUsd;
    sum.known += value.calls - value.unknownCosts;
    sum.unknown += value.unknownCosts;
    classes.set(name, sum);
  }
  const words = [...classes].map(([name, { cost, known, unknown }]) => {
    const mean = known > 0 ? `${digits(cost / known)} micro-USD` : 'unknown';
    return `${name}: ${mean} (${known}${unknown > 0 ? `, ${unknown} unknown` : ''})`;
  });
  return words.join('; ') || 'none';
}

/** Each verdict rests on what was measured; where that fails, it says so. */
function classTable({ direct, routed, frames, calls }: VerdictData): ReportTable {
  const { fallback, noFallback, regulated } = routed;
  const isNative = direct.eventsUnmodified === direct.eventsSent;
  const survives = fallback.failed < noFallback.failed;
  const keeps = regulated.cameToRouter === 0 && regulated.answered > 0;
  return {
    title: 'which path each class should take, and why',
    columns: ['class', 'path', 'why'],
    rows: [
      [
        'conversation (audio sessions)',
        isNative ? 'direct' : 'none as it is',
        `${of(direct.eventsUnmodified, direct.eventsSent, 'events as they were')}, ${ms(frames.p99)} added to a frame at p99, control within ${ms(direct.controlMs)}; no routed path has frames at all`,
      ],
      [
        'commodity (summaries, labels, titles)',
        survives ? 'routed' : 'direct',
        survives
          ? `with its target dead ${of(fallback.failed, fallback.calls, 'calls failed')}, on one contract ${of(noFallback.failed, noFallback.calls, '')}`.trim() +
            `; ${ms(calls.p99)} added at p99 do not matter to a task; ${routed.answered.length} models to choose from`
          : `fallback did not help here: ${of(fallback.failed, fallback.calls, 'calls failed')}`,
      ],
      [
        'regulated text',
        keeps ? 'direct' : 'none as it is',
        `${of(regulated.cameToRouter, regulated.asked, 'calls came to the router')}, ${regulated.answered} were answered under the contract`,
      ],
      [
        'contract (one model, no fallback)',
        'direct',
        `the same ledger and budgets, and nobody else to trust; its price is ${of(noFallback.failed, noFallback.calls, 'calls failed')} while the endpoint was dead`,
      ],
    ],
  };
}
