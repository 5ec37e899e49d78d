// Compactions for targets that have none: a model sums the conversation up. An item holds what user and developer said as it is, and the summary in the
// place of all else, and gives way to them when a client sends it: clients drop what came before it. https://developers.openai.com/api/docs/guides/compaction

import { randomBytes } from 'node:crypto';
import { isTooDeep } from '../../../codecs/json/depth.ts';
import { isObject, type JsonObject, parseJson } from '../../../codecs/json/object.ts';
import { openCalls } from './open-calls.ts';

/** The start of what an item of ours holds, which tells it from what providers encrypt. */
const MARK = 'trunkline.compaction.1.';

/** The first words of a summary, which tell it from what the user said. */
const SUMMARY_HEAD = '(A summary of what was said and done so far, beside the messages that are given:)\n\n';

const SUMMARY_REQUEST = [
  'Sum up the conversation so far for a model that is to go on with it, and will see the messages of the user and nothing else of it.',
  'Keep what is wanted and under which conditions, what was decided and why, what was done, what the tools gave, and what is still to do.',
  'Repeat names, numbers, ids, paths and code that may be needed exactly as they are. Do not answer the user, and write the summary alone.',
].join(' ');

const newId = (): string => randomBytes(16).toString('hex');

/** The items of a call that asks a model for the summary. */
export const summaryInput = (items: readonly JsonObject[]): readonly JsonObject[] => {
  const open = openCalls(items);
  const answered = items.filter((item) => !open.includes(item));
  return [...answered, { type: 'message', role: 'user', content: SUMMARY_REQUEST }];
};

interface Summed {
  readonly summary: string;
  /** Usage of the response with the summary; null where its endpoint did not say. */
  readonly usage: unknown;
  readonly createdAtMs: number;
}

/** The answer to a request to compact these items. A call whose output has yet to come stays, since that belongs to it. */
export function compactionOf(items: readonly JsonObject[], { summary, usage, createdAtMs }: Summed): JsonObject {
  const held = [...items.filter(isKept), { type: 'message', role: 'user', content: SUMMARY_HEAD + summary }];
  const sealed = MARK + Buffer.from(JSON.stringify(held)).toString('base64url');
  return {
    id: `resp_${newId()}`,
    object: 'response.compaction',
    created_at: Math.floor(createdAtMs / 1000),
    output: [{ id: `cmp_${newId()}`, type: 'compaction', encrypted_content: sealed }, ...openCalls(items)],
    usage: usage ?? UNKNOWN_USAGE,
  };
}

const UNKNOWN_USAGE = {
  ...{ input_tokens: 0, input_tokens_details: { cached_tokens: 0 } },
  ...{ output_tokens: 0, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 0 },
};

/** A message of another side than the assistant. An earlier summary is in the newer one. */
const isKept = ({ type = 'message', role, content }: JsonObject): boolean =>
  type === 'message' && role !== 'assistant' && !(typeof content === 'string' && content.startsWith(SUMMARY_HEAD));

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
