// Maps records to rows and back, and filters to conditions: a table lists its fields, and columns have their names in snake_case. Whatever a
// client or a provider sent, the row is one that both databases take.

import type { Query, Row, Value } from './database.ts';

/** `flag` is a boolean as 0 or 1; `list` is strings, and `json` any plain data, as JSON. */
type ColumnKind = 'text' | 'integer' | 'real' | 'flag' | 'list' | 'json';

interface Table<Item> {
  readonly name: string;
  readonly fields: readonly (keyof Item & string)[];
  /** Column of a field, in double quotes, since `user` is a word of SQL. */
  column(field: keyof Item & string): string;
  values(item: Item): Value[];
  /** Statement that inserts so many items; `onConflict` is one of a few constant texts. */
  insertion(count: number, onConflict: string): string;
  item(row: Row): Item;
}

export function table<Item>(name: string, kinds: Readonly<Record<keyof Item & string, ColumnKind>>): Table<Item> {
  const fields = Object.keys(kinds) as (keyof Item & string)[];
  const bare = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const described = fields.map((field) => ({ field, kind: kinds[field], name: bare(field) }));
  const columns = described.map((column) => `"${column.name}"`).join(', ');
  /** Texts by what they do on conflict and how many items they insert. They are long, and needed for each call. */
  const insertions = new Map<string, string[]>();
  return {
    name,
    fields,
    column: (field) => `"${bare(field)}"`,
    insertion(count, onConflict) {
      const known = insertions.get(onConflict) ?? [];
      insertions.set(onConflict, known);
      known[count] ??= `insert into ${name} (${columns}) values ${rowsOf(count, fields.length)} ${onConflict}`;
      return known[count];
    },
    values(item) {
      const values: Value[] = [];
      for (const { field, kind } of described) values.push(toValue(kind, item[field]));
      return values;
    },
    item: (row) =>
      Object.fromEntries(described.map(({ field, kind, name: column }) => [field, toField(kind, row[column])])) as Item,
  };
}

/** Larger counts and times are unknown: a million of them still add up in 64 bits. */
const LARGEST_INTEGER = 1e13;

function toValue(kind: ColumnKind, value: unknown): Value {
  if (value === undefined || value === null) return null;
  switch (kind) {
    case 'text':
      return textValue(String(value));
    case 'list':
      return JSON.stringify(value);
    case 'json':
      return textValue(JSON.stringify(value));
    case 'flag':
      return value ? 1 : 0;
    case 'integer':
      return Math.abs(value as number) <= LARGEST_INTEGER ? Math.round(value as number) : null;
    case 'real':
      return Number.isFinite(value) ? (value as number) : null;
  }
}

/** Replaces what Postgres refuses: NUL, and halves of surrogate pairs. */
export const textValue = (text: string): string => text.toWellFormed().replaceAll('\0', '\ufffd');

function toField(kind: ColumnKind, value: Value | undefined): unknown {
  if (value === null || value === undefined) return undefined;
  if (kind === 'flag') return value === 1;
  return kind === 'list' || kind === 'json' ? JSON.parse(value as string) : value;
}

/** Number of rows, or of ids, in one statement. */
const MAX_PER_STATEMENT = 50;

/** Inserts all, in this order. `onConflict` says what becomes of rows that exist, and may end with a `returning`. */
export async function insertAll<Item>(
  query: Query,
  { insertion, values }: Table<Item>,
  items: readonly Item[],
  onConflict = 'on conflict do nothing',
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const portion of portions(items)) {
    rows.push(...(await query(insertion(portion.length, onConflict), portion.flatMap(values))));
  }
  return rows;
}

/** Runs a statement for each portion of the ids, with their list for `:ids`. */
export async function queryForIds(
  query: Query,
  ids: readonly string[],
  sql: string,
  params: readonly Value[] = [],
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  // Sorted ids let two transactions that meet wait for each other in one order.
  for (const portion of portions([...new Set(ids)].sort())) {
    const list = placeholders(portion.length, params.length);
    rows.push(...(await query(sql.replace(':ids', list), [...params, ...portion])));
  }
  return rows;
}

export const idsOf = (rows: readonly { readonly id?: Value }[]): string[] => rows.map(({ id }) => id as string);

/** Sorts rows in the order in which every transaction writes them, so that two never wait for each other. */
export const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  a.id < b.id ? -1 : Number(a.id > b.id);

function* portions<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += MAX_PER_STATEMENT) yield items.slice(from, from + MAX_PER_STATEMENT);
}

const rowsOf = (count: number, width: number): string =>
  Array.from({ length: count }, (_, row) => `(${placeholders(width, row * width)})`).join(', ');

const placeholders = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, index) => `$${from + index + 1}`).join(', ');

/** SQL with one `?` for its value, or without a value; false where the list is not narrowed by it. */
type Condition = readonly [sql: string, value?: Value] | false;

/** Joins conditions, with `$1`, `$2`, ... for their values. */
export function conditions(list: readonly Condition[]): { readonly and: string; readonly params: readonly Value[] } {
  const params: Value[] = [];
  const given = list.filter((condition) => condition !== false);
  const texts = given.map(([sql, value]) =>
    value === undefined
      ? sql
      : sql.replace('?', `$${params.push(typeof value === 'string' ? textValue(value) : value)}`),
  );
  return { and: texts.length > 0 ? texts.join(' and ') : '1 = 1', params };
}

/** `null`: rows without a key; `undefined`: all rows. */
export function keyCondition(key: string | null | undefined): Condition {
  if (key === null) return ['key is null'];
  return key !== undefined && ['key = ?', key];
}
