// Reads what is asked of keys: checked by the schema of the configuration, and against what is configured.

import { z } from 'zod';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import type { Config, Key } from '../../../config/config.ts';
import { modelProblems } from '../../../config/conflicts.ts';
import { storedKeySchema } from '../../../config/key-schema.ts';
import { type Problem, problemsOf } from '../../../config/problem.ts';
import { keyClassProblems } from '../../../http/class-policy.ts';
import { type HttpProblem, invalidRequest, isProblem } from '../../../http/problem.ts';
import type { RoutedRequest } from '../handler.ts';
import { parseBody } from '../request/json-body.ts';
import { isoTime } from '../views.ts';

/** Longest time that an old secret may go on: 30 days. */
const MAX_KEPT_S = 2_592_000;

const rotationSchema = z.strictObject({
  keepOldSeconds: z
    .int()
    .min(0)
    .max(MAX_KEPT_S)
    .default(0)
    .describe('Time that the secret before goes on, in seconds. 0 ends it at once.'),
});

type Classes = Pick<Config, 'classes' | 'hasRehearsalGateway' | 'providers' | 'models'>;

/** A new key. One that has expired already is a mistake. */
export function readNewKey({ body }: RoutedRequest, config: Classes): Key | HttpProblem {
  const parsed = parseBody(body);
  if (isProblem(parsed)) return parsed;
  const key = checkedKey(parsed.body, config);
  const isOver = !isProblem(key) && key.expiresAt !== undefined && Date.parse(key.expiresAt) <= Date.now();
  return isOver ? invalidRequest('expected a time to come', 'expiresAt') : key;
}

/** The fields that a change names; `null` for one that is to go. */
export function readKeyChange({ body }: RoutedRequest): JsonObject | HttpProblem {
  const parsed = parseBody(body);
  if (isProblem(parsed)) return parsed;
  return 'id' in parsed.body ? invalidRequest('expected no id: that of a key stays', 'id') : parsed.body;
}

/** The key after a change. */
export function changedKey(key: Key, change: JsonObject, config: Classes): Key | HttpProblem {
  const fields = Object.entries({ ...key, ...change }).filter(([, value]) => value !== null);
  const changed = checkedKey(Object.fromEntries(fields), config);
  if (isProblem(changed)) return changed;
  // A field that does not exist cannot go either.
  const unknown = Object.keys(change).filter((name) => !Object.hasOwn(storedKeySchema.shape, name));
  return unknown.length === 0 ? changed : checkedKey({ ...key, [unknown[0] ?? '']: '' }, config);
}

/** Seconds for which the old secret goes on. */
export function readRotation({ body }: RoutedRequest): number | HttpProblem {
  const parsed = body === undefined || body.length === 0 ? { body: {} } : parseBody(body);
  if (isProblem(parsed)) return parsed;
  const rotation = rotationSchema.safeParse(parsed.body, { reportInput: true });
  return rotation.success ? rotation.data.keepOldSeconds : problemIn(rotationSchema, rotation.error);
}

function checkedKey(fields: JsonObject, config: Classes): Key | HttpProblem {
  const parsed = storedKeySchema.safeParse(fields, { reportInput: true });
  if (!parsed.success) return problemIn(storedKeySchema, parsed.error);
  const { expiresAt } = parsed.data;
  const key: Key = { ...parsed.data, ...(expiresAt !== undefined && { expiresAt: isoTime(Date.parse(expiresAt)) }) };
  const [conflict] = [...modelProblems(key.models ?? [], 'models', config), ...keyClassProblems(key, '', config)];
  return conflict === undefined ? key : problemOf(conflict);
}

/** The first thing that is wrong. Nothing of a key is hidden: its secret is none of its fields. */
function problemIn(schema: z.ZodType, { issues }: z.ZodError): HttpProblem {
  const [first = { path: '', message: 'expected a key' }] = problemsOf(schema, issues.slice(0, 1), isHidden);
  return problemOf(first);
}

/** Somebody may write the secret of a file key into a field. */
const isHidden = (path: readonly PropertyKey[]): boolean => path.includes('secret');

const problemOf = ({ path, message }: Problem): HttpProblem => invalidRequest(message, path === '' ? undefined : path);
