// The tables as fields of stored-rows.ts and their kinds. A field here needs a column in schema.ts.

import type { Usage } from '../../../adapters/realtime/contract/observation.ts';
import type { MovedSession } from '../../ipc/session-record.ts';
import type { HandedOutId, StoredKey, StoredSecret } from '../../ipc/stored-keys.ts';
import type { Delivery, Feedback, LedgerRow, StoredTurn, Task } from '../../ipc/stored-rows.ts';
import type { AuditEntry } from './contract/keys.ts';
import type { LogPart, ResponseRow, ResponseTexts, StoredItem } from './contract/responses.ts';
import type { SessionRow } from './contract/store.ts';
import { table } from './row-mapping.ts';

const columns = <Kind extends string, Field extends string>(kind: Kind, ...fields: Field[]) =>
  Object.fromEntries(fields.map((field) => [field, kind])) as Record<Field, Kind>;

export const sessions = table<SessionRow>('session', {
  ...columns('text', 'id', 'key', 'team', 'provider', 'route', 'dialect', 'model', 'promptClass', 'dataClass'),
  isRehearsal: 'flag',
  owner: 'text',
  startedAt: 'integer',
  continues: 'text',
  endedAt: 'integer',
  ...columns('text', 'reason', 'record', 'endUser', 'clientSecret', 'trace'),
  tags: 'json',
  asked: 'text',
  tried: 'json',
  why: 'text',
  draining: 'json',
});

export const movedSessions = table<MovedSession>('session_moved', {
  ...columns('text', 'id', 'session', 'owner'),
  ...columns('integer', 'received', 'sent'),
  state: 'text',
  expiresAt: 'integer',
});

export const turns = table<StoredTurn>('turn', {
  session: 'text',
  ...columns('integer', 'number', 'startedAt', 'endedAt'),
  ...columns('text', 'user', 'assistant'),
  isInterrupted: 'flag',
});

export const tasks = table<Task>('task', {
  ...columns('text', 'id', 'session', 'key', 'team', 'kind', 'promptClass', 'dataClass', 'state'),
  ...columns('integer', 'runAt', 'dueAt', 'attempts', 'version', 'leaseUntil'),
  ...columns('text', 'input', 'result', 'error', 'quality'),
  isRehearsal: 'flag',
  ...columns('integer', 'createdAt', 'updatedAt'),
});

/** Messages name their session, so that they go with its text. */
export const deliveries = table<Delivery & { readonly session: string | undefined }>('delivery', {
  ...columns('text', 'id', 'session', 'url', 'event', 'body'),
  ...columns('integer', 'attempts', 'createdAt', 'nextAt'),
});

export const secrets = table<StoredSecret>('client_secret', {
  ...columns('text', 'digest', 'id', 'key'),
  settings: 'json',
  ...columns('integer', 'usesLeft', 'createdAt', 'expiresAt'),
});

/** One of a deleted response stays until its run has ended. */
export const responses = table<ResponseRow>('response', {
  ...columns('text', 'id', 'key', 'team', 'endUser', 'clientSecret', 'chat', 'previous', 'promptClass', 'dataClass'),
  ...columns('flag', 'isRehearsal', 'isKept', 'isBackground', 'isStreamed', 'isCut'),
  ...columns('text', 'state', 'holder'),
  ...columns('integer', 'createdAt', 'endedAt', 'cancelledAt', 'readAt'),
});

export const responseTexts = table<ResponseTexts & { readonly response: string }>('response_text', {
  ...columns('text', 'response', 'input', 'result'),
  note: 'json',
});

export const responseItems = table<StoredItem>('response_item', columns('text', 'item', 'response'));

export const logParts = table<LogPart>('response_part', {
  response: 'text',
  ...columns('integer', 'firstSequence', 'lastSequence'),
  events: 'text',
});

export const feedbacks = table<Feedback>('feedback', {
  id: 'text',
  at: 'integer',
  ...columns('text', 'ledgerRow', 'key', 'team', 'endUser', 'promptClass'),
  score: 'real',
  ...columns('text', 'label', 'comment'),
});

export const handedOut = table<HandedOutId>('handed_out', {
  ...columns('text', 'digest', 'key'),
  expiresAt: 'integer',
});

/** A key as a row: its fields are in `settings`, but for those that are columns. */
export type KeyRow = Omit<StoredKey, 'key'> & {
  readonly id: string;
  readonly team: string | undefined;
  readonly settings: Omit<StoredKey['key'], 'id' | 'team' | 'expiresAt'>;
  readonly expiresAt: number | undefined;
};

export const apiKeys = table<KeyRow>('api_key', {
  ...columns('text', 'id', 'digest', 'oldDigest'),
  oldUntil: 'integer',
  team: 'text',
  settings: 'json',
  ...columns('integer', 'createdAt', 'changedAt', 'version', 'expiresAt', 'revokedAt', 'deletedAt'),
});

export const auditLog = table<AuditEntry>('audit', {
  id: 'text',
  at: 'integer',
  ...columns('text', 'actor', 'action', 'subject', 'source'),
  details: 'json',
});

type Tokens = Omit<Usage, 'cumulative' | 'isFaulty'>;
/** Usage is spread over columns. A pending row also holds what it has reserved, in which budgets, and until when; by whom is a field of the row. */
type FlatLedgerRow = Omit<LedgerRow, 'usage'> &
  Tokens & {
    readonly reservedMicroUsd: number | undefined;
    readonly reservedBudgets: readonly string[];
    readonly heldUntil: number | undefined;
  };

const tokens = {
  ...columns('integer', 'inputTokens', 'outputTokens', 'totalTokens', 'inputTextTokens', 'inputAudioTokens'),
  ...columns('integer', 'inputImageTokens', 'cachedTokens', 'outputTextTokens', 'outputAudioTokens'),
  seconds: 'real',
} as const;
/** Columns of an export stay where they are, so that these come at the end. */
const moreTokens = columns(
  'integer',
  ...(['cachedAudioTokens', 'cachedImageTokens', 'cacheWriteTokens', 'outputImageTokens'] as const),
  ...(['cacheWriteHourTokens', 'webSearches'] as const),
);
const counted = {
  ...columns('real', 'inputAudioSeconds', 'outputAudioSeconds'),
  ...columns('integer', 'characters', 'messages'),
} as const;
const allTokens = { ...tokens, ...moreTokens, ...counted } as const satisfies Record<keyof Tokens, string>;

export const ledger = table<FlatLedgerRow>('ledger', {
  id: 'text',
  at: 'integer',
  ...columns('text', 'kind', 'path', 'session', 'task', 'key', 'team', 'promptClass', 'dataClass', 'gateway', 'asked'),
  tried: 'list',
  ...columns('text', 'served', 'provider'),
  ...tokens,
  ...columns('integer', 'reportedMicroUsd', 'estimatedMicroUsd', 'costMicroUsd'),
  costSource: 'text',
  isFlagged: 'flag',
  ...columns('real', 'latencyMs', 'firstTokenMs'),
  ...columns('text', 'outcome', 'quality'),
  score: 'real',
  isRehearsal: 'flag',
  reservedMicroUsd: 'integer',
  reservedBudgets: 'list',
  ...moreTokens,
  flags: 'list',
  heldUntil: 'integer',
  ...columns('text', 'heldBy', 'endUser'),
  tags: 'json',
  ...columns('text', 'why', 'retention', 'residency'),
  refused: 'json',
  refusals: 'integer',
  trace: 'text',
  ...columns('text', 'response', 'target'),
  savedMicroUsd: 'integer',
  difficulty: 'text',
  redacted: 'json',
  guarded: 'text',
  ...counted,
});

type Reserved = Pick<FlatLedgerRow, 'reservedMicroUsd' | 'reservedBudgets' | 'heldUntil'>;

/** Leaves `usage` in, which is no column and is passed over: taking it out would copy the row once more for each call. */
export const flatten = (row: LedgerRow, reserved?: Reserved): FlatLedgerRow => ({
  ...row.usage,
  ...row,
  reservedMicroUsd: reserved?.reservedMicroUsd,
  reservedBudgets: reserved?.reservedBudgets ?? [],
  heldUntil: reserved?.heldUntil,
});

export function unflatten({ reservedMicroUsd, reservedBudgets, heldUntil, heldBy, ...flat }: FlatLedgerRow): LedgerRow {
  const names = Object.keys(allTokens) as (keyof Tokens)[];
  const usage = Object.fromEntries(names.flatMap((name) => (flat[name] === undefined ? [] : [[name, flat[name]]])));
  const row = Object.fromEntries(Object.entries(flat).filter(([name]) => !(name in allTokens)));
  return { ...row, usage } as unknown as LedgerRow;
}
