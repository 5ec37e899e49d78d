// Runs the suites of the store's contract on SQLite and on Postgres.

import { describe } from 'vitest';
import { onBothStores } from '../../../../support/stores.ts';
import { budgets } from '../on-both/budgets.ts';
import { clientSecrets } from '../on-both/client-secrets.ts';
import { deliveries } from '../on-both/deliveries.ts';
import { exports } from '../on-both/exports.ts';
import { handedOut } from '../on-both/id-owners.ts';
import { leases } from '../on-both/leases.ts';
import { ledgers } from '../on-both/ledgers.ts';
import { limits } from '../on-both/limits.ts';
import { movedSessions } from '../on-both/moved-sessions.ts';
import { oldRows } from '../on-both/old-rows.ts';
import { responses } from '../on-both/responses.ts';
import { retention } from '../on-both/retention.ts';
import { schema } from '../on-both/schema.ts';
import { sessionEvents } from '../on-both/session-events.ts';
import { sessions } from '../on-both/sessions.ts';
import { slices } from '../on-both/slices.ts';
import { tasks } from '../on-both/tasks.ts';

await onBothStores((stores) => {
  describe('session events', () => sessionEvents(stores));
  describe('sessions', () => sessions(stores));
  describe('tasks', () => tasks(stores));
  describe('deliveries', () => deliveries(stores));
  describe('budgets', () => budgets(stores));
  describe('leases', () => leases(stores));
  describe('slices of sessions', () => slices(stores));
  describe('limits', () => limits(stores));
  describe('ids that were handed out', () => handedOut(stores));
  describe('client secrets', () => clientSecrets(stores));
  describe('moved sessions', () => movedSessions(stores));
  describe('responses', () => responses(stores));
  describe('the ledger', () => ledgers(stores));
  describe('retention', () => retention(stores));
  describe('old rows', () => oldRows(stores));
  describe('exports', () => exports(stores));
  describe('schema', () => schema(stores));
});
