// Tests that words come back in streams, however placeholders are split over pieces, and that nothing else of a stream changes.

import { describe, expect, test } from 'vitest';
import { Placeholders } from '../../../../../../server/side/llm/steps/redact/placeholders.ts';
import { RestoringStream } from '../../../../../../server/side/llm/steps/redact/stream.ts';
import { type Random, seededRandom } from '../../../../../support/random.ts';

function placeholdersOf(...words: readonly string[]): Placeholders {
  const placeholders = new Placeholders(['email', 'word']);
  for (const word of words) placeholders.for(word.includes('@') ? 'email' : 'word', word);
  return placeholders;
}

const placeholders = placeholdersOf('ada@example.com', 'bob@example.com', 'a "quoted"\nword');

interface Written {
  readonly raw: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into events as it likes
  readonly events: readonly any[];
}

/** `bytes`: pushed one after the other. */
function restored(bytes: readonly string[], isJson = false): Written {
  const pieces: Buffer[] = [];
  const stream = new RestoringStream({ placeholders, isJson, write: (piece) => pieces.push(piece) });
  for (const one of bytes) stream.push(Buffer.from(one));
  stream.end();
  const raw = Buffer.concat(pieces).toString();
  const data = [...raw.matchAll(/^data: (.*)$/gm)].map(([, text = '']) => text);
  return { raw, events: data.filter((text) => text !== '[DONE]').map((text) => JSON.parse(text)) };
}

const eventOf = (value: object | string, name?: string): string =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;

function splitAt(text: string, random: Random, most: number): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const length = 1 + random.below(most);
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
}

const SAID = 'Hi [email-1], and [Email-2] too: [x] [email-9] [em [email-1][word-1] end [emai';
const MEANT =
  'Hi ada@example.com, and bob@example.com too: [x] [email-9] [em ada@example.coma "quoted"\nword end [emai';
const ARGUMENTS = '{"to":"[email-1]","say":"[word-1]","list":["[email-2]"]}';
const MEANT_ARGUMENTS = { to: 'ada@example.com', say: 'a "quoted"\nword', list: ['bob@example.com'] };

interface Form {
  /** An event with a piece of the text, or of the arguments of a tool. */
  text(piece: string): object;
  tool(piece: string): object;
  /** Events behind the pieces. */
  readonly last: readonly object[];
  textIn(event: never): string | undefined;
  toolIn(event: never): string | undefined;
}

const FORMS: Readonly<Record<string, Form>> = {
  chat: {
    text: (content) => ({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
    tool: (text) => ({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: text } }] } }] }),
    last: [{ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }, { choices: [], usage: { total_tokens: 3 } }],
    textIn: ({ choices: [choice] }: { choices: { delta: { content?: string } }[] }) => choice?.delta.content,
    toolIn: ({ choices: [choice] }: { choices: { delta: { tool_calls?: [{ function: { arguments: string } }] } }[] }) =>
      choice?.delta.tool_calls?.[0].function.arguments,
  },
  responses: {
    text: (delta) => ({ type: 'response.output_text.delta', output_index: 0, content_index: 0, delta }),
    tool: (delta) => ({ type: 'response.function_call_arguments.delta', output_index: 1, delta }),
    last: [
      { type: 'response.output_text.done', output_index: 0, text: '[email-1]' },
      { type: 'response.completed', response: { output: [{ content: [{ text: 'to [email-2]' }] }] } },
    ],
    textIn: ({ type, delta }: { type: string; delta: string }) => (type.includes('text.delta') ? delta : undefined),
    toolIn: ({ type, delta }: { type: string; delta: string }) => (type.includes('arguments') ? delta : undefined),
  },
  messages: {
    text: (text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
    tool: (text) => ({
      type: 'content_block_delta',
      index: 1,
      delta: { type: 'input_json_delta', partial_json: text },
    }),
    last: [{ type: 'content_block_stop', index: 0 }, { type: 'message_stop' }],
    textIn: ({ delta }: { delta?: { text?: string } }) => delta?.text,
    toolIn: ({ delta }: { delta?: { partial_json?: string } }) => delta?.partial_json,
  },
};

describe.each(Object.entries(FORMS))('In the form %s', (_, form) => {
  test('a text comes back over any split, and events stay in number and order', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const pieces = splitAt(SAID, random, 6).map((piece) => form.text(piece));
      const sent = [...pieces, ...form.last].map((event) => eventOf(event));
      const { events } = restored(splitAt(sent.join(''), random, 200));
      expect(events.map((event) => form.textIn(event as never) ?? '').join('')).toBe(MEANT);
      expect(events).toHaveLength(sent.length);
    }
  });

  test('arguments of a tool between pieces of the text stay JSON', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const [texts, tools] = [splitAt(SAID, random, 9), splitAt(ARGUMENTS, random, 4)];
      const events: object[] = [];
      while (texts.length + tools.length > 0) {
        const takes = tools.length === 0 || (texts.length > 0 && random.below(2) === 0);
        events.push(takes ? form.text(texts.shift() ?? '') : form.tool(tools.shift() ?? ''));
      }
      const { events: out } = restored([[...events, ...form.last].map((event) => eventOf(event)).join('')]);
      expect(out.map((event) => form.textIn(event as never) ?? '').join('')).toBe(MEANT);
      expect(JSON.parse(out.map((event) => form.toolIn(event as never) ?? '').join(''))).toEqual(MEANT_ARGUMENTS);
    }
  });
});

test('Whole texts of an event come back at once, and JSON where the call asks for it stays JSON.', () => {
  const text = '{"say":"[word-1]"}';
  const done = { type: 'response.completed', response: { output: [{ content: [{ text }] }] } };
  const [event] = restored([eventOf(done)], true).events;
  expect(JSON.parse(event.response.output[0].content[0].text)).toEqual({ say: 'a "quoted"\nword' });
});

test('Bytes without a placeholder pass as they are: comments, blanks, names, the end.', () => {
  const sent =
    ': hello\n\nevent: ping\ndata: {"type": "ping"}\n\ndata:  {"a" : "[email-3] [x]"}\r\n\r\ndata: [DONE]\n\n';
  expect(restored(splitAt(sent, seededRandom(1), 5)).raw).toBe(sent);
});

test('An event waits no longer than its placeholder is unfinished.', () => {
  const pieces: string[] = [];
  const stream = new RestoringStream({ placeholders, isJson: false, write: (piece) => pieces.push(String(piece)) });
  const push = (content: string) => stream.push(Buffer.from(eventOf({ choices: [{ index: 0, delta: { content } }] })));
  const seen = ['a', 'b [', 'ema', 'c', '[email-1', ']'].map((content) => {
    push(content);
    return pieces.length;
  });
  expect(seen).toEqual([1, 1, 1, 4, 4, 6]);
});

test.each([
  ['of usage', { choices: [], usage: null }],
  ['with an empty piece', { choices: [{ index: 0, delta: {} }] }],
])('A placeholder comes back over a chunk %s that stands within it.', (_what, between) => {
  const piece = (content: string) => eventOf({ choices: [{ index: 0, delta: { content } }] });
  const { events } = restored([piece('to [ema'), eventOf(between), piece('il-1].'), eventOf('[DONE]')]);
  const said = events.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
  expect([said, events.length]).toEqual(['to ada@example.com.', 3]);
});

test('A text that ends within a placeholder is given as it is, when its choice ends.', () => {
  const end = eventOf({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  const pieces: string[] = [];
  const stream = new RestoringStream({ placeholders, isJson: false, write: (bytes) => pieces.push(String(bytes)) });
  stream.push(Buffer.from(eventOf({ choices: [{ index: 0, delta: { content: 'to [emai' } }] })));
  expect(pieces).toEqual([]);
  stream.push(Buffer.from(end));
  expect(pieces.join('')).toContain('to [emai');
});

test('Whether a text ends within a placeholder is told at once, however many words there are.', () => {
  const many = placeholdersOf(...Array.from({ length: 1000 }, (_, at) => `user${at}@example.com`));
  const ends = [
    'a [',
    'a [e',
    'a [email-',
    'a [EMAIL-10',
    'a [email-1000',
    'a [email-1]',
    'a [x',
    `a [${'e'.repeat(200)}`,
  ];
  expect(ends.map((text) => many.endsWithin(text))).toEqual([true, true, true, true, true, false, false, false]);
});
