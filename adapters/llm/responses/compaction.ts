// Compactions for targets that have none: an item that holds all items before it, which are put back in its place when a client sends it.
// Rule: nothing is lost and nothing is saved: the next call has all of them. https://platform.openai.com/docs/api-reference/responses/compact

import { randomBytes } from 'node:crypto';
import { isTooDeep } from '../../../codecs/json/depth.ts';
import { isObject, type JsonObject, parseJson } from '../../../codecs/json/object.ts';

/** The start of what an item of ours holds, which tells it from what providers encrypt. */
const MARK = 'trunkline.compaction.1.';

const newId = (): string => randomBytes(16).toString('hex');

/** The answer to a request to compact these items. No model was asked, so that it has used nothing. */
export function compactionOf(items: readonly JsonObject[], createdAtMs: number): JsonObject {
  const held = MARK + Buffer.from(JSON.stringify(items)).toString('base64url');
  return {
    id: `resp_${newId()}`,
    object: 'response.compaction',
    created_at: Math.floor(createdAtMs / 1000),
    output: [{ id: `cmp_${newId()}`, type: 'compaction', encrypted_content: held }],
    usage: {
      ...{ input_tokens: 0, input_tokens_details: { cached_tokens: 0 } },
      ...{ output_tokens: 0, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 0 },
    },
  };
}

/** Puts the items that compactions of ours hold in their places. What they hold came from the client, and is to be checked as its own. */
export function withoutCompactions(items: readonly unknown[]): readonly unknown[] {
  return items.some(isOurs) ? items.flatMap((item) => (isOurs(item) ? heldBy(item) : [item])) : items;
}

interface OurCompaction {
  readonly encrypted_content: string;
}

const isOurs = (item: unknown): item is OurCompaction =>
  isObject(item) &&
  item.type === 'compaction' &&
  typeof item.encrypted_content === 'string' &&
  item.encrypted_content.startsWith(MARK);

/** One that was broken on its way stays as it is: no target takes it. */
function heldBy(item: OurCompaction): readonly unknown[] {
  const text = Buffer.from(item.encrypted_content.slice(MARK.length), 'base64url').toString();
  const held = isTooDeep(text) ? undefined : parseJson(text);
  return Array.isArray(held) ? held : [item];
}
