// The `where` of a list that can be narrowed: only what was asked for, each value as a parameter.

import type { Value } from '../database.ts';

/** A condition with one `?` for its value, or without a value. */
type Condition = readonly [sql: string, value?: Value] | false;

/** All of them, with `$1`, `$2`, ... for the values. */
export function conditions(all: readonly Condition[]): { readonly and: string; readonly params: readonly Value[] } {
  const params: Value[] = [];
  const wanted = all.filter((one) => one !== false);
  const texts = wanted.map(([sql, value]) => (value === undefined ? sql : sql.replace('?', `$${params.push(value)}`)));
  return { and: texts.length > 0 ? texts.join(' and ') : '1 = 1', params };
}

/** Of a key: null asks for what belongs to none, undefined for all. */
export function keyCondition(key: string | null | undefined): Condition {
  if (key === null) return ['key is null'];
  return key !== undefined && ['key = ?', key];
}
