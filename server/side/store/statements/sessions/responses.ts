// Responses and the logs of their runs. Rule: whoever writes the part of a log that begins with a sequence has it, so that a process which was
// taken for dead and lives writes nothing behind the end that another one has given its run.

import { type JsonObject, parseJson, textAt, valueAt } from '../../../../../codecs/json/object.ts';
import type {
  ChainedResponse,
  LogPart,
  LostResponse,
  ResponseChange,
  ResponseChanges,
  ResponseMarks,
  ResponseRow,
  ResponseStore,
  ResponseTexts,
} from '../../contract/responses.ts';
import type { Database, Query, Value } from '../../database.ts';
import { idsOf, insertAll, queryForIds, textValue } from '../../row-mapping.ts';
import { logParts as parts, responseItems, responses, responseTexts } from '../../tables.ts';

/** The same part again is none of somebody else. */
const SAME = `on conflict (response, first_sequence) do update set events = excluded.events
  where response_part.events = excluded.events returning response, first_sequence`;

export function writeResponses(
  { transaction }: Pick<Database, 'transaction'>,
  { added = [], parts: written = [], changed = [] }: ResponseChanges,
): Promise<readonly string[]> {
  return transaction(async (query) => {
    await insertAll(query, responses, added);
    await insertAll(
      query,
      responseTexts,
      added.map(({ id, input, result, note }) => ({ response: id, input, result, note })),
    );
    const taken = await insertAll(query, parts, written, SAME);
    const places = new Set(taken.map(({ response, first_sequence }) => `${response} ${first_sequence}`));
    const refused = written.filter(({ response, firstSequence }) => !places.has(`${response} ${firstSequence}`));
    const lost = new Set(refused.map(({ response }) => response));
    for (const { response, firstSequence } of refused)
      await query('delete from response_part where response = $1 and first_sequence > $2', [response, firstSequence]);
    for (const change of changed) if (!lost.has(change.id)) await changeResponse(query, change);
    for (const { id, endedAt, result } of added) if (endedAt !== undefined) await addItems(query, id, result);
    return [...lost];
  }, 'relaxed');
}

const flagOrNull = (flag: boolean | undefined): Value => (flag === undefined ? null : Number(flag));
const numberOrNull = (value: number | undefined): Value => (value === undefined ? null : Math.round(value));

/** False where it has ended before. */
async function changeResponse(
  query: Query,
  { id, state, endedAt, isCut, isKept, result }: ResponseChange,
): Promise<boolean> {
  const rows = await query(
    `update response set state = coalesce($2, state), ended_at = coalesce(cast($3 as bigint), ended_at),
       is_cut = coalesce(cast($4 as bigint), is_cut), is_kept = coalesce(cast($5 as bigint), is_kept)
     where id = $1 and ended_at is null returning id`,
    [id, state ?? null, numberOrNull(endedAt), flagOrNull(isCut), flagOrNull(isKept)],
  );
  if (rows.length > 0 && result !== undefined)
    await query('update response_text set result = $2 where response = $1', [id, textValue(result)]);
  if (rows.length > 0 && endedAt !== undefined) await addItems(query, id, result ?? '');
  return rows.length > 0;
}

/** Longer than any that an endpoint makes: an index has a limit, and nobody refers to an item by such an id. */
const MAX_ITEM_ID_CHARS = 200;

/** Makes the items of an output known by their ids. */
async function addItems(query: Query, response: string, result: string): Promise<void> {
  const output = valueAt(parseJson(result), ['output']);
  const ids = (Array.isArray(output) ? output : []).flatMap((item) => textAt(item, 'id') ?? []);
  await insertAll(
    query,
    responseItems,
    ids.filter(({ length }) => length <= MAX_ITEM_ID_CHARS).map((item) => ({ item, response })),
  );
}

export async function selectResponse(query: Query, id: string): Promise<ResponseRow | undefined> {
  const [row] = await query('select * from response where id = $1 and deleted_at is null', [textValue(id)]);
  return row && responses.item(row);
}

export async function selectResponseChain(query: Query, id: string, most: number): Promise<readonly ChainedResponse[]> {
  const rows = await query(
    `with recursive chain (id, previous, depth) as (
       select id, previous, 1 from response where id = $1 and deleted_at is null
       union all
       select r.id, r.previous, chain.depth + 1 from response r join chain on r.id = chain.previous
         where r.deleted_at is null and chain.depth < $2
     )
     select r.*, length(t.input) + length(t.result) as length
       from chain join response r on r.id = chain.id join response_text t on t.response = r.id
     order by chain.depth desc`,
    [textValue(id), most],
  );
  return rows.map((row) => ({ ...responses.item(row), length: Number(row.length) }));
}

export async function selectResponseTexts(
  query: Query,
  ids: readonly string[],
): Promise<Readonly<Record<string, ResponseTexts>>> {
  const rows = await queryForIds(query, ids, 'select * from response_text where response in (:ids)');
  return Object.fromEntries(
    rows.map((row) => {
      const { response, ...texts } = responseTexts.item(row);
      return [response, texts];
    }),
  );
}

export async function selectResponseNotes(
  query: Query,
  ids: readonly string[],
): Promise<Readonly<Record<string, JsonObject>>> {
  const sql = 'select response, note from response_text where response in (:ids) and note is not null';
  const rows = (await queryForIds(query, ids, sql)).map(responseTexts.item);
  return Object.fromEntries(rows.flatMap(({ response, note }) => (note === undefined ? [] : [[response, note]])));
}

export async function selectItemResponses(
  query: Query,
  items: readonly string[],
): Promise<Awaited<ReturnType<ResponseStore['itemResponses']>>> {
  const rows = await queryForIds(
    query,
    items.map(textValue),
    `select i.item, r.*, length(t.input) + length(t.result) as length
       from response_item i join response r on r.id = i.response join response_text t on t.response = r.id
     where i.item in (:ids) and r.deleted_at is null`,
  );
  return rows.map((row) => ({
    ...responses.item(row),
    item: row.item as string,
    response: row.id as string,
    length: Number(row.length),
  }));
}

export async function selectResponsesOfChat(
  query: Query,
  ...[{ key, secret, endUser }, chat, most]: Parameters<ResponseStore['responsesOfChat']>
): Promise<readonly ResponseRow[]> {
  const values: Value[] = [];
  const is = (column: string, value: string) => `${column} = $${values.push(textValue(value))}`;
  const terms = [
    is('chat', chat),
    key === null ? 'key is null' : is('key', key),
    secret === undefined
      ? 'true'
      : `(${is('client_secret', secret)} or ${endUser === undefined ? 'false' : is('end_user', endUser)})`,
  ];
  const rows = await query(
    `select * from response where ${terms.join(' and ')} and deleted_at is null
     order by created_at desc, id desc limit $${values.push(most)}`,
    values,
  );
  return rows.map(responses.item);
}

export async function selectLogParts(
  query: Query,
  ...[id, after, limit]: Parameters<ResponseStore['logParts']>
): Promise<readonly LogPart[]> {
  const rows = await query(
    'select * from response_part where response = $1 and last_sequence > $2 order by first_sequence limit $3',
    [textValue(id), after, limit],
  );
  return rows.map(parts.item);
}

export async function selectResponseMarks(query: Query, holder: string): Promise<readonly ResponseMarks[]> {
  const sql = `select id, cancelled_at, read_at from response
    where holder = $1 and ended_at is null and (cancelled_at is not null or read_at is not null)`;
  return (await query(sql, [holder])).map((row) => {
    const { id, cancelledAt, readAt } = responses.item(row);
    return { id, cancelledAt, readAt };
  });
}

const MARKED = {
  cancelledAt: 'cancelled_at = coalesce(cancelled_at, $2)',
  readAt: 'read_at = $2',
} as const;

export async function markResponse(
  query: Query,
  ...[id, mark, now]: Parameters<ResponseStore['markResponse']>
): Promise<void> {
  await query(`update response set ${MARKED[mark]} where id = $1 and ended_at is null`, [id, Math.round(now)]);
}

export async function removeResponse(database: Database, id: string, now: number): Promise<boolean> {
  const isThere = await database.transaction(async (query) => {
    const marked = await query(
      `update response set deleted_at = $2, cancelled_at = coalesce(cancelled_at, $2)
       where id = $1 and deleted_at is null returning id`,
      [textValue(id), Math.round(now)],
    );
    await removeTexts(query, idsOf(marked));
    return marked.length > 0;
  });
  if (isThere) await database.eraseDeleted();
  return isThere;
}

async function removeTexts(query: Query, ids: readonly string[]): Promise<void> {
  await queryForIds(query, ids, 'delete from response_part where response in (:ids)');
  await queryForIds(query, ids, 'delete from response_item where response in (:ids)');
  await queryForIds(query, ids, 'delete from response_text where response in (:ids)');
}

const IS_LOST = `r.ended_at is null and not exists
  (select 1 from lease where lease.owner = r.holder and lease.expires_at > $1)`;
/** Number of lost responses that are read at once. */
const MAX_LOST = 100;

export async function selectLostResponses(query: Query, now: number, id?: string): Promise<readonly LostResponse[]> {
  const [ofId, values] = id === undefined ? ['', []] : ['and r.id = $2', [textValue(id)]];
  const rows = await query(
    `select r.*, coalesce(t.result, '{}') as result,
       (select max(last_sequence) from response_part p where p.response = r.id) as last_sequence,
       (select expires_at from lease where lease.owner = r.holder) as lease_ended_at
     from response r left join response_text t on t.response = r.id
     where ${IS_LOST} ${ofId} order by r.created_at limit ${MAX_LOST}`,
    [Math.round(now), ...values],
  );
  return rows.map((row) => ({
    ...responses.item(row),
    result: row.result as string,
    lastSequence: (row.last_sequence as number | null) ?? undefined,
    leaseEndedAt: (row.lease_ended_at as number | null) ?? undefined,
  }));
}

export function endLost(
  { transaction }: Database,
  ...[change, last]: Parameters<ResponseStore['endLost']>
): Promise<boolean> {
  return transaction(async (query) => {
    const [lost] = await selectLostResponses(query, change.endedAt, change.id);
    if (lost === undefined) return false;
    if (last !== undefined && (await insertAll(query, parts, [last], SAME)).length === 0) return false;
    return changeResponse(query, change);
  });
}

/** Number of responses that one transaction removes. */
const MAX_REMOVED = 200;

export async function sweepResponses(
  database: Database,
  { logsBefore, keptBefore }: Parameters<ResponseStore['sweepResponses']>[0],
): Promise<number> {
  const isOld = `ended_at is not null and
    (deleted_at is not null or (is_kept = 1 and ended_at < $1) or (is_kept = 0 and ended_at < $2))`;
  const before = [Math.round(keptBefore), Math.round(logsBefore)];
  let swept = 0;
  for (;;) {
    const count = await database.transaction(async (query) => {
      const removed = await query(
        `delete from response where id in (select id from response where ${isOld} order by ended_at limit ${MAX_REMOVED})
         returning id`,
        before,
      );
      await removeTexts(query, idsOf(removed));
      const logs = await query(
        `update response set is_streamed = 0 where id in
           (select id from response where is_streamed = 1 and ended_at < $1 order by ended_at limit ${MAX_REMOVED})
         returning id`,
        [Math.round(logsBefore)],
      );
      await queryForIds(query, idsOf(logs), 'delete from response_part where response in (:ids)');
      return Math.max(removed.length, logs.length);
    });
    swept += count;
    if (count < MAX_REMOVED) break;
  }
  if (swept > 0) await database.eraseDeleted();
  return swept;
}
