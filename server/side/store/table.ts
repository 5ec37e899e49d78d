// How records become rows: a table lists its fields, and columns have their names in snake_case. Nothing that a client or a
// provider sent can make a row that a database refuses.

import type { Query, Row, Value } from './database.ts';

/** `flag`: a boolean as 0 or 1; `list`: strings as JSON. */
type Kind = 'text' | 'integer' | 'real' | 'flag' | 'list';

export interface Table<Item> {
  readonly name: string;
  readonly fields: readonly (keyof Item & string)[];
  /** Of a field, in double quotes, since `user` is a word of SQL. */
  column(field: keyof Item & string): string;
  /** All columns, in the order of the fields. */
  readonly columns: string;
  values(item: Item): Value[];
  /** The statement that inserts so many items; `onConflict` is one of a few constant texts. */
  insertion(count: number, onConflict: string): string;
  item(row: Row): Item;
}

export function table<Item>(name: string, kinds: Readonly<Record<keyof Item & string, Kind>>): Table<Item> {
  const fields = Object.keys(kinds) as (keyof Item & string)[];
  const bare = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const described = fields.map((field) => ({ field, kind: kinds[field], name: bare(field) }));
  const columns = described.map((one) => `"${one.name}"`).join(', ');
  /** By what they do on conflict, and how many items they insert: such a text is long, and needed for each call. */
  const insertions = new Map<string, string[]>();
  return {
    name,
    fields,
    column: (field) => `"${bare(field)}"`,
    columns,
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

/** Larger counts and times are taken for unknown: a million of them still add up in 64 bits. */
const LARGEST_INTEGER = 1e13;

function toValue(kind: Kind, value: unknown): Value {
  if (value === undefined || value === null) return null;
  switch (kind) {
    case 'text':
      return textValue(String(value));
    case 'list':
      return JSON.stringify(value);
    case 'flag':
      return value ? 1 : 0;
    case 'integer':
      return Math.abs(value as number) <= LARGEST_INTEGER ? Math.round(value as number) : null;
    case 'real':
      return Number.isFinite(value) ? (value as number) : null;
  }
}

/** Postgres takes no NUL, and half a surrogate pair is no text. */
export const textValue = (text: string): string => text.toWellFormed().replaceAll('\0', '\ufffd');

function toField(kind: Kind, value: Value | undefined): unknown {
  if (value === null || value === undefined) return undefined;
  if (kind === 'flag') return value === 1;
  return kind === 'list' ? JSON.parse(value as string) : value;
}

/** Rows of one statement; also the ids of one list. */
const MAX_AT_ONCE = 50;

/** Inserts all, in this order; `onConflict` says what becomes of those that exist. Returns what `returning` there asks for. */
export async function insertAll<Item>(
  query: Query,
  { insertion, values }: Table<Item>,
  items: readonly Item[],
  onConflict = 'on conflict do nothing',
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const some of portions(items)) {
    rows.push(...(await query(insertion(some.length, onConflict), some.flatMap(values))));
  }
  return rows;
}

/** Runs a statement for each portion of the ids; `sql` gets the list `$1, $2, ...`, behind which the other parameters count on. */
export async function queryForIds(
  query: Query,
  ids: readonly string[],
  sql: (list: string, next: (offset: number) => string) => string,
  others: readonly Value[] = [],
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  // Sorted: two transactions that meet wait for each other in one order.
  for (const some of portions([...new Set(ids)].sort())) {
    const text = sql(placeholders(some.length), (offset) => `$${some.length + offset}`);
    rows.push(...(await query(text, [...some, ...others])));
  }
  return rows;
}

function* portions<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += MAX_AT_ONCE) yield items.slice(from, from + MAX_AT_ONCE);
}

const rowsOf = (count: number, width: number): string =>
  Array.from({ length: count }, (_, row) => `(${placeholders(width, row * width)})`).join(', ');

const placeholders = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, index) => `$${from + index + 1}`).join(', ');
