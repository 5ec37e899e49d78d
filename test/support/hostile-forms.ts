// The forms of answers that endpoints write badly in tests: one short text as events of each.

import type { ServerResponse } from 'node:http';
import type { JsonObject } from '../../codecs/json/object.ts';
import { answerOf, ended, textEvents } from './response-events.ts';

export const HOSTILE_FORMS = ['responses', 'completions', 'messages'] as const;
export type HostileForm = (typeof HOSTILE_FORMS)[number];

/** Characters of one to four bytes, and a group of several. */
export const HOSTILE_TEXT = 'Grüße, 你好 👋🏽 done';
export const HOSTILE_PIECES = [...HOSTILE_TEXT];

export interface HostileAnswer {
  /** Clients hear of it so: with all of the text, or with an error, whether some of the text came before or not. */
  readonly end: 'whole' | 'error';
  /** The text of a whole one, where it is another. */
  readonly text?: string;
  /** The ledger says so: the usage that was reported, an estimate, or that nothing was used. */
  readonly billed: 'exact' | 'estimated' | 'nothing';
  /** Forms that it is about; all where it is left out. */
  readonly forms?: readonly HostileForm[];
  /** It is large: a few readers are enough. */
  readonly isLarge?: true;
  /** It has no end: the target's longest silence ends it. */
  readonly isSilent?: true;
  write(response: ServerResponse, form: HostileForm): unknown;
}

type Block = string;

export const hostileBlock = (form: HostileForm, event: JsonObject): Block =>
  `${form === 'completions' ? '' : `event: ${event.type}\n`}data: ${JSON.stringify(event)}\n\n`;

const chunk = (delta: JsonObject, more: JsonObject = {}): JsonObject => ({
  ...{ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'served-1' },
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
});
const DONE = 'data: [DONE]\n\n';

export function hostileEvents(form: HostileForm, pieces: readonly string[]): readonly JsonObject[] {
  if (form === 'completions')
    return [
      chunk({ role: 'assistant', content: '' }),
      ...pieces.map((content) => chunk({ content })),
      chunk({}, { finish_reason: 'stop' }),
      { ...chunk({}), choices: [], usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 } },
    ];
  if (form === 'messages')
    return [
      {
        type: 'message_start',
        message: {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'served-1',
          usage: { input_tokens: 9, output_tokens: 1 },
        },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      ...pieces.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } },
      { type: 'message_stop' },
    ];
  const text = textEvents(pieces);
  return answerOf(text, ended('completed', { output: [text.at(-1)?.item] }));
}

/** The whole answer, an event in each block. */
export const blocksOf = (form: HostileForm, pieces: readonly string[] = HOSTILE_PIECES): readonly Block[] => [
  ...hostileEvents(form, pieces).map((event) => hostileBlock(form, event)),
  ...(form === 'completions' ? [DONE] : []),
];

/** The blocks before the one that ends the answer. */
export function begunBlocks(form: HostileForm): readonly Block[] {
  const blocks = blocksOf(form);
  const end = blocks.findIndex((one) => /finish_reason":"stop|message_delta|response\.completed/.test(one));
  return blocks.slice(0, end);
}

export const openStream = (response: ServerResponse, headers: Record<string, string> = {}): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });

export const allBlocks = (form: HostileForm): string => blocksOf(form).join('');
