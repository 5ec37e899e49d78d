// Writes the `where` of a list that can be narrowed. Every value is a parameter.

import type { Value } from '../database.ts';

/** SQL with one `?` for its value, or without a value; false where the list is not narrowed by it. */
type Condition = readonly [sql: string, value?: Value] | false;

/** Joins conditions, with `$1`, `$2`, ... for their values. */
export function conditions(list: readonly Condition[]): { readonly and: string; readonly params: readonly Value[] } {
  const params: Value[] = [];
  const given = list.filter((condition) => condition !== false);
  const texts = given.map(([sql, value]) => (value === undefined ? sql : sql.replace('?', `$${params.push(value)}`)));
  return { and: texts.length > 0 ? texts.join(' and ') : '1 = 1', params };
}

/** `null`: rows without a key; `undefined`: all rows. */
export function keyCondition(key: string | null | undefined): Condition {
  if (key === null) return ['key is null'];
  return key !== undefined && ['key = ?', key];
}
