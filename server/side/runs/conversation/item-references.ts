// Puts items of earlier responses in the place of references to them (`item_reference`). SDKs that let a server keep the conversation, as the AI
// SDK does by default, send the id of an item that they were given.

import { setTimeout as delay } from 'node:timers/promises';
import { type JsonObject, textAt } from '../../../../codecs/json/object.ts';
import { type HttpProblem, shortened } from '../../../http/problem.ts';
import { asInput, canReadResponse, type EarlierItems, type EarlierOptions, outputOf, tooLong } from './history.ts';

/** Looks for items of responses that have just ended on another machine. */
const LOOKS = 4;
const LOOK_MS = 100;

type ItemResponses = Awaited<ReturnType<EarlierOptions['store']['itemResponses']>>;

/** Returns the items with what they refer to, as the input of a call; the same list where nothing is referred to. */
export async function resolveReferences(
  items: readonly JsonObject[],
  options: EarlierOptions,
): Promise<EarlierItems | HttpProblem> {
  const ids = items.flatMap((item) => referredId(item) ?? []);
  if (ids.length === 0) return { items, isRegulated: false };
  const rows = await findResponses(ids, options);
  const known = new Set(rows.map(({ item }) => item));
  const missing = ids.find((id) => !known.has(id));
  if (missing !== undefined) return unknownItem(missing, items);
  const lengths = new Map(rows.map(({ id, length }) => [id, length]));
  const { maxBodyBytes: maxLength } = options.config.side;
  if ([...lengths.values()].reduce((sum, length) => sum + length, 0) > maxLength)
    return tooLong(`items of responses of more than ${maxLength} characters`);
  const texts = await options.store.responseTexts([...lengths.keys()]);
  const found = new Map(
    Object.values(texts).flatMap((one) => outputOf(one).map((item) => [textAt(item, 'id'), item] as const)),
  );
  return {
    items: items.flatMap((item) => {
      const id = referredId(item);
      return id === undefined ? [item] : asInput([found.get(id) ?? item]);
    }),
    isRegulated: rows.some(({ dataClass }) => dataClass === 'regulated'),
  };
}

const referredId = (item: JsonObject): string | undefined =>
  item.type === 'item_reference' ? textAt(item, 'id') : undefined;

/** Finds responses that exist for the requester. */
async function findResponses(
  ids: readonly string[],
  { store, requester, settled }: EarlierOptions,
): Promise<ItemResponses> {
  await settled('');
  const distinct = new Set(ids).size;
  for (let look = 1; ; look++) {
    const all = await store.itemResponses(ids);
    const rows = all.filter((row) => row.isKept && canReadResponse(requester, row));
    if (look === LOOKS || new Set(rows.map(({ item }) => item)).size === distinct) return rows;
    await delay(LOOK_MS, undefined, { ref: false });
  }
}

/** Says it in the words of OpenAI. */
const unknownItem = (id: string, items: readonly JsonObject[]): HttpProblem => ({
  status: 404,
  code: 'item_not_found',
  message: `Item with id '${shortened(id)}' not found. Items are not persisted when \`store\` is set to false; expected the item itself.`,
  param: `input[${items.findIndex((item) => referredId(item) === id)}].id`,
  shouldRetry: false,
});
