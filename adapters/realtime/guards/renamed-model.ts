// Writes another name where a client's message names a model. Rule: all other bytes of the message stay.

import { OPEN_BRACE, QUOTE, skipSpace, stringText } from '../../../codecs/json/bytes.ts';
import { itemsOf, membersOf } from '../../../codecs/json/members.ts';
import type { Frame, OutFrame } from '../../../codecs/websocket/frame.ts';
import type { Renaming } from '../contract/names.ts';
import { type EventPlace, isFreeData } from './event-paths.ts';
import type { ModelRules } from './model-guard.ts';

/** The nodes of the tree of places that a value is at. `below`: those whose keys follow at any depth. */
interface Spot {
  readonly at: readonly EventPlace[];
  readonly below: readonly EventPlace[];
}

type Naming = Pick<ModelRules, 'places' | 'modelName' | 'askedName'>;

const OPEN_BRACKET = 0x5b;

/** Implements `Dialect.renamed` by the rules of a dialect. A name on the wire counts in its plain form, too. */
export const renamedBy =
  ({ places, modelName = same, askedName = modelName }: Naming) =>
  ({ data, binary }: Frame, { from, to }: Renaming): OutFrame | undefined => {
    const isIt = (name: string): boolean => modelName(name) === from || askedName(name) === from;
    const found = stringsAt(data, skipSpace(data, 0), { at: [places], below: [] }).filter(([open, end]) =>
      isIt(stringText(data, open, end - 1) ?? ''),
    );
    if (found.length === 0) return undefined;
    const name = Buffer.from(JSON.stringify(to));
    const kept = found.flatMap(([open], index) => [data.subarray(found[index - 1]?.[1] ?? 0, open), name]);
    return { data: Buffer.concat([...kept, data.subarray(found.at(-1)?.[1])]), binary };
  };

const same = (name: string): string => name;

/** The texts at the places of the tree, in their order: where each begins and ends. */
function stringsAt(data: Buffer, from: number, { at, below }: Spot): [from: number, to: number][] {
  const inner = [...below, ...at.flatMap(({ anywhere }) => (anywhere === undefined ? [] : [anywhere]))];
  if (data[from] === OPEN_BRACKET) return itemsOf(data, from).flatMap((item) => stringsAt(data, item, { at, below }));
  if (data[from] !== OPEN_BRACE || at.length + inner.length === 0) return [];
  return membersOf(data, from).flatMap(({ key = '', valueAt, end }) => {
    const next = [...at, ...inner].flatMap(({ keys }) => keys.get(key) ?? []);
    if (data[valueAt] === QUOTE)
      return next.some(({ isWanted }) => isWanted) ? [[valueAt, end] as [number, number]] : [];
    return stringsAt(data, valueAt, { at: next, below: isFreeData(key) ? [] : inner });
  });
}
