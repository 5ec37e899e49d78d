// Counts what a session and a call ask of the database, where the drivers send it. The counts are those of the simulation of many machines: a
// statement more for each of something is a choice, which changes them there.

import { pino } from 'pino';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { STATEMENTS } from '../../../../bench/benches/scale/statements.ts';
import { loadConfig } from '../../../../server/config/load.ts';
import type { SessionEnded, SessionEvent, SessionStarted, TurnFinished } from '../../../../server/ipc/session-event.ts';
import { Leases } from '../../../../server/side/billing/budgets/leases.ts';
import { Reservations } from '../../../../server/side/billing/budgets/reservations.ts';
import { Journal } from '../../../../server/side/billing/journal.ts';
import { createPrices } from '../../../../server/side/billing/prices.ts';
import { SettlementWriter } from '../../../../server/side/billing/settlement.ts';
import { Ingest } from '../../../../server/side/sessions/ingest.ts';
import type { Store } from '../../../../server/side/store/contract/store.ts';
import { openSqliteStore, openStore } from '../../../../server/side/store/open.ts';
import { configFile } from '../../../support/config-file.ts';
import { openClient } from '../../../support/gateway.ts';
import { postgresForTests } from '../../../support/postgres.ts';
import { killAll } from '../../../support/processes.ts';
import { watchStatements } from '../../../support/sent-statements.ts';
import { serve } from '../../../support/served.ts';
import { anAttempt, aSettled, NOON } from '../../../support/side-records.ts';
import { startStatementRelay } from '../../../support/statement-relay.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { startTurnProvider, turn as takeTurn, talk } from '../../../support/turn-provider.ts';
import { until } from '../../../support/until.ts';

/** The number of events in one batch of a gateway process. */
const IDS = Array.from({ length: 64 }, (_, index) => `s${index}`);
const BUDGET = { id: 'web|*|total|0', limitMicroUsd: 5_000_000_000, resetsAt: undefined };
const config = loadConfig({
  file: configFile({
    keys: [{ id: 'web', secret: 'secret-of-web' }],
    prices: { 'voice-1': { input: 1, output: 2 } },
    budgets: [{ key: 'web', window: 'total', maxUsd: 5000 }],
  }),
  env: {},
});
const SECRET = {
  ...{ digest: 'd', id: 's1', key: 'web', settings: {}, usesLeft: 1, createdAt: NOON, expiresAt: NOON + 60_000 },
};
const log = pino({ enabled: false });
const postgres = await postgresForTests();
const sent = watchStatements();
afterAll(() => sent.stop());

const engines = [
  { name: 'sqlite', isHere: true, open: async () => openSqliteStore(temporaryFolder('statements')) },
  {
    name: 'postgres',
    isHere: postgres !== undefined,
    open: async () => openStore({ url: (await postgres?.database()) ?? '', dataDirectory: '' }),
  },
];

describe.each(engines)('$name', ({ isHere, open }) => {
  describe.skipIf(!isHere)('is sent', () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    /** Counts of the work: statements and commits. */
    async function countOf(work: () => Promise<unknown>) {
      const { statements, commits } = await sent.during(work);
      return { statements: statements.length, commits };
    }

    test('for the events of a session as many as they did, and fewer for each in a batch', async () => {
      const ingest = ingestFor(store);
      const all = (of: (id: string) => SessionEvent) => countOf(() => ingest.commit(IDS.map(of)));
      const one = (event: SessionEvent) => countOf(() => ingest.commit([event]));
      expect({
        started: { alone: await one(started('one')), batch: await all(started) },
        turn: { alone: await one(turn('one', 1)), batch: await all((id) => turn(id, 1)) },
        ended: { alone: await one(ended('one')), batch: await all(ended) },
        handedOut: { alone: await one(handedOut('one')), batch: await all(handedOut) },
      }).toEqual(STATEMENTS.events);
    });

    test('for the limits, the budgets and the client secret of a session as many as they did', async () => {
      const ingest = ingestFor(store);
      const limited = { scopes: [{ id: 'web', of: 'key' as const, maxSessions: 50 }], uses: {}, now: NOON };
      const until = NOON + 60_000;
      const slice = { session: 'one', budgets: [BUDGET], wishMicroUsd: 1000, now: NOON, until };
      await ingest.commit([started('one')]);
      await store.addSecret(SECRET, 10);
      expect({
        placeTaken: await countOf(() => store.takeLimits({ ...limited, place: { session: 'one', owner: 'me' } })),
        sliceTaken: await countOf(() => store.takeSlice(slice)),
        slicesHeld: await countOf(() => store.holdSlices({ sessions: ['one'], until })),
        turnWithSlice: await countOf(() => ingest.commit([turn('one', 1)])),
        endWithSlice: await countOf(() => ingest.commit([ended('one')])),
        placeGiven: await countOf(() => store.givePlaces('me', ['one'])),
        secretRead: await countOf(() => store.secret(SECRET.digest)),
        secretUsed: await countOf(() => store.useSecret(SECRET.digest, NOON)),
      }).toEqual(STATEMENTS.session);
    });

    test('for a call as many as it did, and fewer where it reserves from a lease', async () => {
      const { reservations, writer, leased, close } = billingOf(store);
      const reserve = (id: string, amount: number) => reservations.reserve([BUDGET], amount, anAttempt(id));
      const settle = (id: string) => writer.settle({ row: aSettled(id, 7), budgets: [BUDGET], reservedMicroUsd: 10 });
      const counted = {
        reservedAndLeased: await countOf(async () => {
          await reserve('first', 10_000);
          await leased();
        }),
        settled: await countOf(() => settle('first')),
        leasedAlone: await countOf(async () => {
          await reserve('one', 10);
          await settle('one');
        }),
        leasedBatch: await countOf(async () => {
          for (const id of IDS) await reserve(id, 10);
          await Promise.all(IDS.map(settle));
        }),
      };
      await close();
      expect(counted).toEqual(STATEMENTS.calls);
    });

    test('as many as it did while nothing happens', async () => {
      expect({
        keysRead: await countOf(() => store.keyChanges(0)),
        budgetsRead: await countOf(() => store.budgetUses([BUDGET.id])),
        tasksClaimed: await countOf(() => store.claimTasks(NOON, NOON, 1)),
        leaseRenewed: await countOf(async () => {
          await store.renewLease('me', NOON);
          await store.recoverSessions('me', NOON);
        }),
      }).toEqual(STATEMENTS.looks);
    });
  });
});

describe.skipIf(postgres === undefined)('a whole gateway', () => {
  test('sends no more for a session with two thousand frames each way than for one with five', async () => {
    const relay = await startStatementRelay((await postgres?.database()) ?? '');
    const provider = await startTurnProvider();
    const store = { url: relay.url };
    const machine = await serve({ provider: provider.url, rehearsal: false, store, side: { ownerLeaseMs: 1e7 } });
    // The last of what it does at the start, and each minute.
    const isSwept = (text: string) => text.startsWith('delete from client_secret');
    await until(() => relay.texts.some(isSwept));
    const others = new Set(relay.texts);
    const { started: begin, turn: each, ended: end } = STATEMENTS.events;
    for (const frames of [5, 2000]) {
      const before = relay.texts.length;
      const client = await openClient(`${machine.url}/v1/realtime?model=gpt-realtime-2.1`);
      await talk(client, frames);
      await takeTurn(client, 'one');
      await takeTurn(client, 'two');
      client.close();
      const own = () => relay.texts.slice(before).filter((text) => !others.has(text));
      await until(() => own().some((text) => text.startsWith('update task set run_at')));
      expect(own().length).toBeGreaterThan(5);
      expect(own().length).toBeLessThanOrEqual(
        begin.alone.statements + 2 * each.alone.statements + end.alone.statements,
      );
    }
    killAll(machine.child);
    await machine.exited;
    await provider.close();
    relay.close();
  });
});

/** Bills calls as a side process does. */
function billingOf(store: Store) {
  const journal = new Journal(temporaryFolder('journal'), 'me');
  const taking: Promise<unknown>[] = [];
  const takeLease: Store['takeLease'] = (wish) => {
    const taken = store.takeLease(wish);
    taking.push(taken);
    return taken;
  };
  const writer = new SettlementWriter({ store, log, leasing: { holder: 'me', journal } });
  const leases = new Leases({ store: { ...store, takeLease }, holder: 'me', log, lookEveryMs: 1e9 });
  return {
    writer,
    reservations: new Reservations({ store, settlements: writer, leases, log }),
    leased: () => Promise.all(taking),
    async close() {
      await writer.close(1000);
      await leases.close();
      journal.close();
    },
  };
}

function ingestFor(store: Store): Ingest {
  const parts = { ownBudgets: { of: async () => [] }, prices: createPrices(config.prices), owner: 'me', log };
  return new Ingest({ config, store, ...parts });
}

const started = (id: string): SessionStarted => ({
  ...{ kind: 'started', id, key: 'web', team: undefined, provider: 'openai', route: '/v1/realtime' },
  ...{ dialect: 'openai-realtime', model: 'voice-1', promptClass: 'realtime', dataClass: 'open' },
  ...{ isRehearsal: false, startedAt: NOON },
});

const usage = (turns: number) => ({ inputTokens: 100 * turns, outputTokens: 50 * turns });

const turn = (session: string, number: number): TurnFinished => ({
  ...{ kind: 'turn', session, number, startedAt: NOON + number, endedAt: NOON + number, isInterrupted: false },
  ...{ user: 'a question', assistant: 'an answer', usage: usage(number), model: 'voice-1' },
});

const ended = (id: string): SessionEnded => ({
  kind: 'ended',
  id,
  endedAt: NOON + 60_000,
  record: { reason: 'client-closed', usage: usage(1), model: 'voice-1' } as SessionEnded['record'],
});

const handedOut = (digest: string): SessionEvent => ({
  kind: 'handed-out',
  key: 'web',
  ids: [{ digest, key: 'web', expiresAt: NOON }],
});
