// The headers of an answer that tell how a call was made: who served it, its row in the ledger, and what of it did not go on.

import { REHEARSAL_NAME } from '../../../config/file/words.ts';
import type { Answered, CacheUse, StreamHead } from '../../llm/call.ts';
import type { RatedCall } from './call-rates.ts';

/** A call as its answer tells of it. */
export interface ToldCall {
  /** The limit of an answer that the class gave, where the client gave none. */
  readonly classMaxTokens: number | undefined;
  /** Names of fields that did not go on. */
  readonly dropped: readonly string[];
  readonly rated: RatedCall;
}

/** The headers of a streamed answer, as its beginning tells of it. */
export const streamHeaders = ({ model, ...head }: StreamHead, call: ToldCall): Record<string, string> =>
  answerHeaders({ ...head, served: model, isRehearsal: head.gateway === REHEARSAL_NAME }, call);

type Told = Pick<
  Answered,
  | 'gateway'
  | 'attempt'
  | 'served'
  | 'isRehearsal'
  | 'addedMaxTokens'
  | 'verdict'
  | 'difficulty'
  | 'redacted'
  | 'cache'
  | 'guarded'
>;

export function answerHeaders(answer: Told, { classMaxTokens, dropped, rated }: ToldCall): Record<string, string> {
  const {
    gateway,
    attempt,
    served,
    isRehearsal,
    verdict,
    difficulty,
    redacted,
    cache,
    guarded,
    addedMaxTokens = classMaxTokens,
  } = answer;
  const droppedNames = droppedHeader(dropped);
  return {
    ...rated.headers,
    'x-trunkline-gateway': gateway,
    'x-trunkline-attempt': attempt,
    ...(served === undefined ? {} : { 'x-trunkline-served-model': served.replace(/[^\x20-\x7e]/g, '?').slice(0, 200) }),
    ...(addedMaxTokens === undefined ? {} : { 'x-trunkline-max-tokens': String(addedMaxTokens) }),
    ...(droppedNames === undefined ? {} : { 'x-trunkline-dropped': droppedNames }),
    ...(verdict === undefined ? {} : { 'x-trunkline-verdict': verdict }),
    ...(difficulty === undefined ? {} : { 'x-trunkline-difficulty': difficulty }),
    ...(redacted === undefined ? {} : { 'x-trunkline-redacted': countsText(redacted) }),
    ...(cache === undefined ? {} : cacheHeaders(cache)),
    ...(guarded === undefined ? {} : { 'x-trunkline-guard': guarded }),
    ...(isRehearsal ? { 'x-trunkline-rehearsal': 'true' } : {}),
  };
}

/** `email=2, phone=1` */
export const countsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([kind, count]) => `${kind}=${count}`)
    .join(', ');

/** The age is that of RFC 9111, in whole seconds. */
const cacheHeaders = ({ state, ageMs }: CacheUse): Record<string, string> => ({
  'x-trunkline-cache': state,
  ...(ageMs === undefined ? {} : { age: String(Math.floor(ageMs / 1000)) }),
});

const MAX_NAMED = 32;

/** The names of dropped fields as the value of a header; undefined without any. */
export function droppedHeader(dropped: readonly string[]): string | undefined {
  const names = dropped.slice(0, MAX_NAMED).map((name) => name.replace(/[^\w.-]/g, '?').slice(0, 64));
  return names.length === 0 ? undefined : names.join(', ');
}
