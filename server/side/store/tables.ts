// The tables as fields of records.ts and their kinds. A field here needs a column in schema.ts.

import type { Usage } from '../../../adapters/realtime/contract.ts';
import type { Delivery, LedgerRow, StoredTurn, Task } from '../../ipc/records.ts';
import type { SessionRow } from './contract.ts';
import { table } from './row-mapping.ts';

export const sessions = table<SessionRow>('session', {
  id: 'text',
  key: 'text',
  team: 'text',
  provider: 'text',
  route: 'text',
  dialect: 'text',
  model: 'text',
  promptClass: 'text',
  dataClass: 'text',
  isRehearsal: 'flag',
  owner: 'text',
  startedAt: 'integer',
  continues: 'text',
  endedAt: 'integer',
  reason: 'text',
  record: 'text',
});

export const turns = table<StoredTurn>('turn', {
  session: 'text',
  number: 'integer',
  startedAt: 'integer',
  endedAt: 'integer',
  user: 'text',
  assistant: 'text',
  isInterrupted: 'flag',
});

export const tasks = table<Task>('task', {
  id: 'text',
  session: 'text',
  key: 'text',
  team: 'text',
  kind: 'text',
  promptClass: 'text',
  dataClass: 'text',
  state: 'text',
  runAt: 'integer',
  attempts: 'integer',
  version: 'integer',
  leaseUntil: 'integer',
  input: 'text',
  result: 'text',
  error: 'text',
  quality: 'text',
  isRehearsal: 'flag',
  createdAt: 'integer',
  updatedAt: 'integer',
});

/** Messages name their session, so that they go with its text. */
export const deliveries = table<Delivery & { readonly session: string | undefined }>('delivery', {
  id: 'text',
  session: 'text',
  url: 'text',
  event: 'text',
  body: 'text',
  attempts: 'integer',
  nextAt: 'integer',
});

type Tokens = Omit<Usage, 'cumulative'>;
/** Usage is spread over columns. A pending row also holds what it has reserved, and in which budgets. */
type FlatLedgerRow = Omit<LedgerRow, 'usage'> &
  Tokens & { readonly reservedMicroUsd: number | undefined; readonly reservedBudgets: readonly string[] };

const tokens = {
  inputTokens: 'integer',
  outputTokens: 'integer',
  totalTokens: 'integer',
  inputTextTokens: 'integer',
  inputAudioTokens: 'integer',
  inputImageTokens: 'integer',
  cachedTokens: 'integer',
  outputTextTokens: 'integer',
  outputAudioTokens: 'integer',
  seconds: 'real',
} as const satisfies Record<keyof Tokens, string>;

export const ledger = table<FlatLedgerRow>('ledger', {
  id: 'text',
  at: 'integer',
  kind: 'text',
  path: 'text',
  session: 'text',
  task: 'text',
  key: 'text',
  team: 'text',
  promptClass: 'text',
  dataClass: 'text',
  gateway: 'text',
  asked: 'text',
  tried: 'list',
  served: 'text',
  provider: 'text',
  ...tokens,
  reportedMicroUsd: 'integer',
  estimatedMicroUsd: 'integer',
  costMicroUsd: 'integer',
  costSource: 'text',
  isFlagged: 'flag',
  latencyMs: 'real',
  firstTokenMs: 'real',
  outcome: 'text',
  quality: 'text',
  score: 'real',
  isRehearsal: 'flag',
  reservedMicroUsd: 'integer',
  reservedBudgets: 'list',
});

type Reserved = Pick<FlatLedgerRow, 'reservedMicroUsd' | 'reservedBudgets'>;

/** Leaves `usage` in, which is no column and is passed over: taking it out would copy the row once more for each call. */
export const flatten = (row: LedgerRow, reserved?: Reserved): FlatLedgerRow => ({
  ...row.usage,
  ...row,
  reservedMicroUsd: reserved?.reservedMicroUsd,
  reservedBudgets: reserved?.reservedBudgets ?? [],
});

export function unflatten({ reservedMicroUsd, reservedBudgets, ...flat }: FlatLedgerRow): LedgerRow {
  const names = Object.keys(tokens) as (keyof Tokens)[];
  const usage = Object.fromEntries(names.flatMap((name) => (flat[name] === undefined ? [] : [[name, flat[name]]])));
  const row = Object.fromEntries(Object.entries(flat).filter(([name]) => !(name in tokens)));
  return { ...row, usage } as unknown as LedgerRow;
}
