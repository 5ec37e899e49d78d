// The tables in SQL that both databases read. A database of an earlier version is brought up to this one when it is opened.

import { StoreError } from './contract/store.ts';
import type { Database, Query } from './database.ts';

/** Goes up with every change of TABLES. */
export const SCHEMA_VERSION = 10;

/** Time at which a task is due: a queued one at its time, a running one when its lease ends, others never. The index needs the very same text. */
export const DUE_AT = "(case state when 'queued' then run_at when 'running' then lease_until end)";

/** `version` of a key: the count of changes of keys when it was changed last, in the order of commits. */
const KEY_TABLES = [
  'create index session_end_user on session (end_user, started_at, id) where end_user is not null',
  'create table change_count (name text not null primary key, value bigint not null)',
  `create table api_key (
    id text not null primary key, digest text not null unique, old_digest text unique, old_until bigint,
    team text, settings text not null, created_at bigint not null, changed_at bigint not null, version bigint not null,
    expires_at bigint, revoked_at bigint, deleted_at bigint
  )`,
  'create index api_key_version on api_key (version)',
  `create table client_secret (
    digest text not null primary key, id text not null unique, key text, settings text not null,
    uses_left bigint not null, created_at bigint not null, expires_at bigint not null
  )`,
  'create index client_secret_expiry on client_secret (expires_at)',
  'create index client_secret_key on client_secret (key, expires_at)',
  `create table audit (
    id text not null primary key, at bigint not null, actor text not null, action text not null, subject text not null,
    source text, details text
  )`,
  'create index audit_at on audit (at, id)',
];

/** The row of a scope is what wishes wait for; `uses` are those of its rates within the last minute, as JSON. */
const LIMIT_TABLES = [
  'create table limit_use (scope text not null primary key, uses text not null, used_at bigint not null)',
  'create index limit_use_used on limit_use (used_at)',
  `create table session_place (
    owner text not null, session text not null, scope text not null, taken_at bigint not null,
    primary key (owner, session, scope)
  )`,
  'create index session_place_scope on session_place (scope)',
];

/** The state of a session has what was said in it. */
const MOVED_TABLES = [
  `create table session_moved (
    id text not null primary key, session text not null, owner text not null, received bigint not null, sent bigint not null,
    state text not null, expires_at bigint not null
  )`,
  'create index session_moved_session on session_moved (session)',
];

/** Texts are apart from what changes while a response runs: a row is written anew as a whole. */
const RESPONSE_TABLES = [
  `create table response (
    id text not null primary key, key text, team text, end_user text, client_secret text, chat text, previous text,
    prompt_class text not null, data_class text not null, is_rehearsal bigint not null, is_kept bigint not null,
    is_background bigint not null, is_streamed bigint not null, is_cut bigint not null, state text not null, holder text not null,
    created_at bigint not null, ended_at bigint, cancelled_at bigint, read_at bigint, deleted_at bigint
  )`,
  'create index response_open on response (holder) where ended_at is null',
  'create index response_ended on response (ended_at) where ended_at is not null',
  'create index response_chat on response (chat, created_at, id) where chat is not null',
  'create table response_text (response text not null primary key, input text not null, result text not null, note text)',
  `create table response_part (
    response text not null, first_sequence bigint not null, last_sequence bigint not null, events text not null,
    primary key (response, first_sequence)
  )`,
  'create table response_item (item text not null, response text not null, primary key (item, response))',
  'create index response_item_response on response_item (response)',
];

const FEEDBACK_TABLES = [
  'create index ledger_response on ledger (response) where response is not null',
  `create table feedback (
    id text not null primary key, at bigint not null, ledger_row text not null, key text, team text, end_user text,
    prompt_class text not null, score double precision not null, label text, comment text
  )`,
  'create index feedback_row on feedback (ledger_row)',
  'create index feedback_at on feedback (at, id)',
  'create index feedback_comment on feedback (at) where comment is not null',
];

const TABLES = [
  `create table session (
    id text not null primary key,
    key text, team text, provider text not null, route text not null, dialect text not null, model text,
    prompt_class text not null, data_class text not null, is_rehearsal bigint not null, owner text not null,
    started_at bigint not null, ended_at bigint, reason text, record text,
    swept_at bigint, forgotten_at bigint, continues text, end_user text, tags text, client_secret text,
    trace text, asked text, tried text, why text, draining text
  )`,
  'create index session_started on session (started_at, id)',
  'create index session_key on session (key, started_at, id)',
  'create index session_open on session (owner) where ended_at is null',
  'create index session_swept on session (ended_at) where swept_at is null and ended_at is not null',
  'create index session_kept on session (ended_at) where forgotten_at is null and ended_at is not null',
  `create table turn (
    session text not null, number bigint not null, started_at bigint not null, ended_at bigint not null,
    "user" text, assistant text, is_interrupted bigint not null,
    primary key (session, number)
  )`,
  `create table task (
    id text not null primary key,
    session text, key text, team text, kind text not null, prompt_class text not null, data_class text not null,
    state text not null, run_at bigint not null, due_at bigint not null, attempts bigint not null, version bigint not null, lease_until bigint,
    input text, result text, error text, quality text, is_rehearsal bigint not null,
    created_at bigint not null, updated_at bigint not null
  )`,
  `create index task_due on task (${DUE_AT}, id)`,
  'create index task_created on task (created_at, id)',
  'create index task_state on task (state, created_at, id)',
  'create index task_key on task (key, created_at, id)',
  'create index task_session on task (session)',
  'create index task_alone on task (session, updated_at) where session is null',
  'create index task_spoken on task (session, state) where session is null and input is not null',
  `create table ledger (
    id text not null primary key,
    at bigint not null, kind text not null, path text not null, session text, task text, key text, team text,
    prompt_class text not null, data_class text not null, gateway text not null,
    asked text, tried text not null, served text, provider text,
    input_tokens bigint, output_tokens bigint, total_tokens bigint, input_text_tokens bigint, input_audio_tokens bigint,
    input_image_tokens bigint, cached_tokens bigint, output_text_tokens bigint, output_audio_tokens bigint,
    seconds double precision,
    reported_micro_usd bigint, estimated_micro_usd bigint, cost_micro_usd bigint, cost_source text not null,
    is_flagged bigint not null, latency_ms double precision, first_token_ms double precision,
    outcome text not null, quality text, score double precision, is_rehearsal bigint not null,
    reserved_micro_usd bigint, reserved_budgets text not null,
    cached_audio_tokens bigint, cached_image_tokens bigint, cache_write_tokens bigint, output_image_tokens bigint,
    cache_write_hour_tokens bigint, web_searches bigint,
    flags text, held_until bigint, held_by text, end_user text, tags text,
    why text, retention text, residency text, refused text, refusals bigint, trace text, response text, target text,
    saved_micro_usd bigint, difficulty text, redacted text, guarded text,
    input_audio_seconds double precision, output_audio_seconds double precision, characters bigint, messages bigint
  )`,
  'create index ledger_at on ledger (at, id)',
  'create index ledger_key on ledger (key, at)',
  'create index ledger_session on ledger (session, at, id) where session is not null',
  'create index ledger_task on ledger (task) where task is not null',
  "create index ledger_pending on ledger (outcome, held_until, id) where outcome = 'pending'",
  `create table budget (
    id text not null primary key, spent bigint not null, reserved bigint not null, resets_at bigint, wanted_until bigint,
    warned_limit bigint, reached_limit bigint
  )`,
  'create index budget_reset on budget (resets_at) where resets_at is not null',
  `create table budget_lease (
    holder text not null, budget text not null, amount bigint not null, held_until bigint not null, is_lost bigint not null,
    primary key (holder, budget)
  )`,
  'create index budget_lease_budget on budget_lease (budget)',
  'create index budget_lease_held on budget_lease (is_lost, held_until)',
  `create table delivery (
    id text not null primary key, session text, url text not null, event text not null, body text not null,
    attempts bigint not null, created_at bigint not null, next_at bigint not null, is_over bigint not null default 0
  )`,
  'create index delivery_due on delivery (is_over, next_at, id)',
  'create index delivery_session on delivery (session) where session is not null',
  'create table handed_out (digest text not null primary key, key text not null, expires_at bigint not null)',
  'create index handed_out_expiry on handed_out (expires_at)',
  'create table lease (owner text not null primary key, expires_at bigint not null)',
  ...KEY_TABLES,
  ...LIMIT_TABLES,
  ...RESPONSE_TABLES,
  ...FEEDBACK_TABLES,
  ...MOVED_TABLES,
];

/** The statements that bring a database of a version up to the next one. Those of versions before 7 are not known. */
const UPGRADES: Readonly<Record<number, readonly string[]>> = {
  7: [
    'alter table session add column end_user text',
    'alter table session add column tags text',
    'alter table session add column client_secret text',
    'alter table ledger add column end_user text',
    'alter table ledger add column tags text',
    ...KEY_TABLES,
    ...LIMIT_TABLES,
  ],
  8: [
    'alter table budget add column warned_limit bigint',
    'alter table budget add column reached_limit bigint',
    ...['trace', 'asked', 'tried', 'why'].map((name) => `alter table session add column ${name} text`),
    ...['why', 'retention', 'residency', 'refused', 'trace'].map(
      (name) => `alter table ledger add column ${name} text`,
    ),
    'alter table ledger add column refusals bigint',
    'alter table ledger add column response text',
    'alter table ledger add column target text',
    'alter table ledger add column saved_micro_usd bigint',
    ...['difficulty', 'redacted', 'guarded'].map((name) => `alter table ledger add column ${name} text`),
    'alter table ledger add column input_audio_seconds double precision',
    'alter table ledger add column output_audio_seconds double precision',
    ...['characters', 'messages'].map((name) => `alter table ledger add column ${name} bigint`),
    ...FEEDBACK_TABLES,
    ...RESPONSE_TABLES,
  ],
  9: ['alter table session add column draining text', ...MOVED_TABLES],
};

/**
 * Makes the tables of an empty database, or brings those of an earlier version up, in one transaction. Throws a StoreError that says what to do
 * where it cannot.
 */
export async function createTables(database: Database): Promise<void> {
  await database.transaction(async (query) => {
    if (database.schemaLock !== undefined) await query(database.schemaLock);
    await query('create table if not exists schema_version (version bigint not null)');
    const version = await versionIn(query);
    if (version !== undefined) return bringUp(query, version);
    for (const statement of TABLES) await query(statement);
    await query('insert into schema_version (version) values ($1)', [SCHEMA_VERSION]);
  });
}

async function bringUp(query: Query, from: number): Promise<void> {
  let version = from;
  for (; UPGRADES[version] !== undefined; version += 1)
    for (const statement of UPGRADES[version] ?? []) await query(statement);
  requireVersion(version);
  if (version !== from) await query('update schema_version set version = $1', [version]);
}

/** Throws a StoreError when the tables are not those of this version. It is for readers, and changes nothing. */
export async function requireTables(database: Database): Promise<void> {
  requireVersion((await versionIn(database.query)) ?? 0);
}

async function versionIn(query: Query): Promise<number | undefined> {
  const [row] = await query('select version from schema_version');
  return row?.version as number | undefined;
}

function requireVersion(version: number): void {
  if (version === SCHEMA_VERSION) return;
  const versions = `(tables ${version}, known here ${SCHEMA_VERSION})`;
  const message =
    version > SCHEMA_VERSION
      ? `the store was written by a newer version of trunkline ${versions}: use that one`
      : `the store was written by an older version of trunkline ${versions}, which cannot be brought up: ` +
        'move it away to begin a new one, or use the version that wrote it';
  throw new StoreError('store_unavailable', new Error(message), message);
}
