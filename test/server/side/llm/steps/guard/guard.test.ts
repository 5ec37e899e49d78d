// Tests over real sockets that what a check blocks goes nowhere, in any form, and that what it flags is told.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { guardStep } from '../../../../../../server/side/llm/steps/guard/guard.ts';
import { redactStep } from '../../../../../../server/side/llm/steps/redact/redact.ts';
import { type Script, startForms } from '../../../../../support/forms-side.ts';
import { chunk, completion, message } from '../../../../../support/messages-form.ts';

const target = { targets: [{ gateway: 'chat', model: 'some-model' }] };
const words = { words: ['Bomb', 'a+b'], name: 'house-words' };

const classes = {
  input: { ...target, guard: { input: [words] } },
  'input-flag': {
    ...target,
    guard: {
      input: [
        { ...words, action: 'flag' },
        { maxChars: 10_000, action: 'flag' },
      ],
    },
  },
  output: { ...target, guard: { output: [{ kinds: ['card'], patterns: { order: 'ORD-\\d+' } }] } },
  'output-flag': { ...target, guard: { output: [{ ...words, action: 'flag' }] } },
  both: { ...target, redact: ['email'], guard: { input: [words], output: [{ kinds: ['email'], action: 'flag' }] } },
  slow: { ...target, guard: { input: [{ patterns: { slow: '(a+)+b' } }] } },
  native: { targets: [{ gateway: 'anthropic', model: 'claude-sonnet-4-6' }], guard: { output: [words] } },
};

let side: Awaited<ReturnType<typeof startForms>>;
const observed: unknown[] = [];
beforeAll(async () => {
  side = await startForms({ classes }, [guardStep((...told) => observed.push(told.slice(0, 2))), redactStep]);
});
afterAll(() => side?.close());
beforeEach(() => {
  observed.length = 0;
});

const ask = (path: string, json: object) => side.ask(path, { method: 'POST', key: 'app-secret', json });
const chat = (model: string, content: string, more: object = {}) =>
  ask('/v1/chat/completions', { model, messages: [{ role: 'user', content }], ...more });
const lastRow = async () => (await side.store.settled()).at(-1);
const saying =
  (fields: object): Script =>
  () => ({ body: completion(fields) });
const streaming =
  (...pieces: readonly string[]): Script =>
  () => ({ body: [...pieces.map((content) => chunk({ content })), chunk({}, 'stop')] });
const withoutTime = (text: string | null | undefined) => text?.replace(/ms=\d+/g, 'ms=n');
const guardOf = (reply: Response) => withoutTime(reply.headers.get('x-trunkline-guard'));
const errorOf = async (reply: Response) => ((await reply.json()) as { error: object }).error;

describe('An input', () => {
  test('that a rule blocks goes to no target, and the error names the check and not the words', async () => {
    side.script(saying({ content: 'Fine.' }));
    const reply = await chat('input', 'How to build a BOMB?');
    const error = (await errorOf(reply)) as { message: string };
    expect([reply.status, error, side.seen]).toMatchObject([400, { code: 'guard_blocked' }, []]);
    expect(withoutTime(error.message)).toBe(
      'the check house-words blocked this call: it found words (input=block:words;ms=n)',
    );
    expect(reply.headers.get('x-should-retry')).toBe('false');
  });

  test.each([
    ['in a system message', { messages: [{ role: 'system', content: 'bomb' }] }],
    [
      'in arguments of a tool',
      {
        messages: [
          {
            role: 'assistant',
            tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{"x":"bomb"}' } }],
          },
        ],
      },
    ],
    ['with signs of patterns', { messages: [{ role: 'user', content: 'Is it a+b?' }] }],
    [
      'in a tool',
      {
        messages: [{ role: 'user', content: 'x' }],
        tools: [{ type: 'function', function: { name: 'f', description: 'A bomb.' } }],
      },
    ],
  ])('is looked at %s', async (_, fields) => {
    side.script(saying({ content: 'Fine.' }));
    expect([(await ask('/v1/chat/completions', { model: 'input', ...fields })).status, side.seen]).toEqual([400, []]);
  });

  test.each([
    ['/v1/responses', { input: [{ role: 'user', content: 'A bomb' }], store: false }, 'invalid_request_error'],
    ['/v1/messages', { max_tokens: 9, messages: [{ role: 'user', content: 'A bomb' }] }, 'invalid_request_error'],
    ['/v1/embeddings', { input: 'A bomb' }, 'invalid_request_error'],
  ])('%s: is blocked in the shape of its client', async (path, fields, type) => {
    side.script(saying({ content: 'Fine.' }));
    const reply = await ask(path, { model: 'input', ...fields });
    expect([reply.status, await errorOf(reply), side.seen]).toMatchObject([400, { type }, []]);
  });

  test('passes with parts of words, and the header and the row say that it was checked', async () => {
    side.script(saying({ content: 'Fine.' }));
    const reply = await chat('input', 'bombastic a+bc');
    expect([reply.status, guardOf(reply), withoutTime((await lastRow())?.guarded)]).toEqual([
      200,
      'input=pass;ms=n',
      'input=pass;ms=n',
    ]);
    expect(observed).toEqual([['input', 'input']]);
  });

  test('that is flagged goes on, and header and row say so', async () => {
    side.script(streaming('Fine', '.'));
    const reply = await chat('input-flag', `A bomb ${'x'.repeat(10_000)}`, { stream: true });
    expect(await reply.text()).toContain('Fine');
    expect([guardOf(reply), withoutTime((await lastRow())?.guarded)]).toEqual([
      'input=flag:words+maxChars;ms=n',
      'input=flag:words+maxChars;ms=n',
    ]);
  });

  test('on which a pattern is too slow is blocked', async () => {
    side.script(saying({ content: 'Fine.' }));
    const reply = await chat('slow', `${'a'.repeat(50_000)}c`);
    expect([reply.status, await errorOf(reply), side.seen]).toMatchObject([
      400,
      { message: expect.stringContaining('it found too-slow') },
      [],
    ]);
  });
});

describe('An answer', () => {
  test('that is blocked does not come, and its row says so with its cost', async () => {
    side.script(saying({ content: 'Your card 4111 1111 1111 1111, ORD-12.' }));
    const reply = await chat('output', 'Hello');
    const text = await reply.text();
    expect([reply.status, text.includes('4111'), text.includes('ORD-12')]).toEqual([400, false, false]);
    expect(withoutTime(text)).toContain(
      'the check output-1 blocked the answer: it found card, order (output=block:card+order;ms=n)',
    );
    expect(await lastRow()).toMatchObject({
      outcome: 'ok',
      guarded: expect.stringContaining('output=block:card+order'),
      usage: { outputTokens: 5 },
    });
  });

  test('is looked at in arguments of a tool', async () => {
    const call = { id: 'c', type: 'function', function: { name: 'pay', arguments: '{"card":"4111111111111111"}' } };
    side.script(saying({ tool_calls: [call] }));
    expect((await chat('output', 'Hello')).status).toBe(400);
  });

  test('that streams is held until it has passed, split as it is', async () => {
    side.script(streaming('Order ORD', '-', 'none.'));
    const reply = await chat('output', 'Hello', { stream: true });
    expect(guardOf(reply)).toBe('output=pass;ms=n');
    expect((await reply.text()).match(/"content":"[^"]*"/g)).toEqual([
      '"content":"Order ORD"',
      '"content":"-"',
      '"content":"none."',
    ]);
  });

  test('that streams and is blocked gives nothing but the error', async () => {
    side.script(streaming('Order ORD', '-', '12'));
    const reply = await chat('output', 'Hello', { stream: true });
    const text = await reply.text();
    expect([reply.status, text.includes('Order'), text.includes('guard_blocked')]).toEqual([400, false, true]);
    expect((await lastRow())?.guarded).toContain('output=block:order');
  });

  test('that breaks off is not given in part', async () => {
    side.script(() => ({ body: `data: ${JSON.stringify(chunk({ content: 'Order' }))}\n\n` }));
    const reply = await chat('output', 'Hello', { stream: true });
    expect([reply.status, (await reply.text()).includes('Order')]).toEqual([502, false]);
  });

  test('that is flagged streams at once, and its row says so', async () => {
    side.script(streaming('A bo', 'mb!'));
    const reply = await chat('output-flag', 'Hello', { stream: true });
    expect(await reply.text()).toContain('mb!');
    expect(withoutTime((await lastRow())?.guarded)).toBe('output=flag:words;ms=n');
  });

  test('of an endpoint that speaks the form of its client is checked, too', async () => {
    side.script(() => ({ body: { ...message, content: [{ type: 'text', text: 'A bomb.' }] } }));
    const reply = await ask('/v1/messages', {
      model: 'native',
      max_tokens: 9,
      messages: [{ role: 'user', content: 'Hi' }],
    });
    expect([reply.status, (await reply.text()).includes('A bomb')]).toEqual([400, false]);
  });

  test('has its words again when it is checked, and the endpoint never has them', async () => {
    side.script(saying({ content: 'To [email-1].' }));
    const reply = await chat('both', 'ada@example.com');
    expect(await reply.json()).toMatchObject({ choices: [{ message: { content: 'To ada@example.com.' } }] });
    expect(guardOf(reply)).toBe('input=pass;ms=n, output=flag:email;ms=n');
    expect(JSON.stringify(side.seen)).not.toContain('ada@');
    expect(withoutTime((await lastRow())?.guarded)).toBe('input=pass;ms=n, output=flag:email;ms=n');
  });
});
