// Dialogues as voice apps have them, in the form of Anthropic and of Gemini: each is checked by the rules that these APIs refuse by.

import { describe, expect, test } from 'vitest';
import type { LlmCall, LlmProfile } from '../../../../adapters/llm/contract.ts';
import { llmProfiles } from '../../../../adapters/llm/index.ts';

type Message = LlmCall['messages'][number];
const user = (content: unknown): Message => ({ role: 'user', content });
const assistant = (content: unknown, ...ids: string[]): Message => ({
  role: 'assistant',
  content,
  ...(ids.length === 0
    ? {}
    : { tool_calls: ids.map((id) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })) }),
});
const tool = (tool_call_id: string, content: unknown): Message => ({ role: 'tool', tool_call_id, content });
const system = (content: unknown): Message => ({ role: 'system', content });

function bodyOf(name: string, messages: readonly Message[], model: string, extra = {}) {
  const call: LlmCall = { messages, maxTokens: 5, isStreamed: false, extra };
  const target = { baseUrl: 'https://llm.example', apiKey: 'k', model, settings: {} };
  return JSON.parse((llmProfiles.get(name) as LlmProfile).toRequest(call, target).body);
}

/** A turn in one line: `u:` or `a:`, then texts as they are, calls as `!id` and results as `=id`. */
function anthropic(messages: readonly Message[], model = 'claude-opus-4-6'): readonly string[] {
  const { messages: turns } = bodyOf('anthropic', messages, model);
  return turns.map(({ role, content }: { role: string; content: string | Record<string, string>[] }) => {
    const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    const words = parts.map((part) =>
      part.type === 'tool_use'
        ? `!${part.id}`
        : part.type === 'tool_result'
          ? `=${part.tool_use_id}:${part.content}`
          : part.text,
    );
    return `${role === 'user' ? 'u' : 'a'}:${words.join('|')}`;
  });
}

function gemini(messages: readonly Message[]): readonly string[] {
  const { contents } = bodyOf('gemini', messages, 'gemini-x');
  return contents.map(({ role, parts }: { role: string; parts: Record<string, never>[] }) => {
    const words = parts.map((part) =>
      part.functionCall
        ? '!'
        : part.functionResponse
          ? `=${(part.functionResponse as { response: { result: string } }).response.result}`
          : part.text,
    );
    return `${role === 'user' ? 'u' : 'a'}:${words.join('|')}`;
  });
}

const dialogues: Record<string, readonly Message[]> = {
  'a greeting first': [system('S'), assistant('Hello, this is Acme.'), user('Hi')],
  'a turn without a word': [user('Hi'), assistant(''), user('Are you there?')],
  'a turn of spaces': [user('Hi'), assistant(' \n'), user('   '), user('Are you there?')],
  'a turn of null': [user('Hi'), assistant(null), user('Are you there?')],
  'empty lists of parts': [
    user([]),
    assistant([]),
    user([
      { type: 'text', text: '' },
      { type: 'text', text: 'Hi' },
    ]),
  ],
  'two turns of one side': [user('Hi'), user('Hello?'), assistant('Yes'), assistant('I am here'), user('Good')],
  'only a system message': [system('Say hello.')],
  'only empty turns': [user(''), assistant('')],
  'a system message in the middle': [system('S'), user('Hi'), system('Be brief.'), assistant('Yes'), user('So?')],
  'a system message at the end': [system('S'), user('Hi'), assistant('Yes'), system('Say goodbye.')],
  'a greeting, then instructions': [system('S'), assistant('Hello'), system('Ask for the name.')],
  'the assistant last': [user('Hi'), assistant('Once upon ')],
  'a call without its result': [user('Hi'), assistant('', 'c1'), user('Never mind')],
  'a call at the end': [user('Hi'), assistant('I look.', 'c1')],
  'a result without its call': [tool('c9', '12'), user('So?')],
  'parallel calls, results in another order': [
    user('Hi'),
    assistant('', 'c1', 'c2'),
    tool('c2', 'B'),
    user('And?'),
    tool('c1', 'A'),
  ],
  'a result that comes late': [
    user('Hi'),
    assistant('', 'c1'),
    user('Hm'),
    assistant('One moment'),
    tool('c1', 'A'),
    user('So?'),
  ],
  'words between call and result': [user('Hi'), assistant('', 'c1'), assistant('One moment'), tool('c1', 'A')],
  'calls in turn': [user('Hi'), assistant('', 'c1'), tool('c1', 'A'), assistant('', 'c2'), tool('c2', 'B')],
  'ids that come again': [user('Hi'), assistant('', 'c1'), tool('c1', 'A'), assistant('', 'c1'), tool('c1', 'B')],
  'ids of other forms': [user('Hi'), assistant('', 'functions.f:0'), tool('functions.f:0', 'A')],
  'a call first': [assistant('', 'c1'), tool('c1', 'A')],
  'a refusal': [user('Hi'), assistant([{ type: 'refusal', refusal: 'No.' }]), user('Why?')],
};

describe.each(Object.entries(dialogues))('%s', (_, messages) => {
  test('keeps the rules of Anthropic and Gemini', () => {
    for (const turns of [anthropic(messages), anthropic(messages, 'claude-sonnet-4-5'), gemini(messages)]) {
      expect(turns.map((turn) => turn[0])).toEqual(turns.map((_turn, at) => (at % 2 === 0 ? 'u' : 'a')));
      for (const [at, turn] of turns.entries()) {
        const parts = turn.slice(2).split('|');
        for (const part of parts) expect(part.trim()).not.toBe('');
        const calls = parts.filter((part) => part.startsWith('!'));
        const next = (turns[at + 1] ?? '').slice(2).split('|');
        expect(next.slice(0, calls.length).filter((part) => part.startsWith('='))).toHaveLength(calls.length);
        expect(next.slice(calls.length).filter((part) => part.startsWith('='))).toEqual([]);
      }
      expect(turns.at(-1)).toBe(turns.at(-1)?.trimEnd());
    }
    expect(anthropic(messages).at(-1)).toMatch(/^u:/);
    expect(gemini(messages).at(-1)).toMatch(/^u:/);
    const ids = anthropic(messages).flatMap((turn) => [...turn.matchAll(/!([^|]*)/g)].map(([, id]) => id as string));
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[\w-]+$/);
  });
});

test('nothing that was said is lost, and what was not said is neutral', () => {
  const of = (name: string) => anthropic(dialogues[name] as readonly Message[]);
  expect(of('a greeting first')).toEqual(['u:(The conversation begins.)', 'a:Hello, this is Acme.', 'u:Hi']);
  expect(of('a turn without a word')).toEqual(['u:Hi\n\nAre you there?']);
  expect(of('two turns of one side')).toEqual(['u:Hi\n\nHello?', 'a:Yes\n\nI am here', 'u:Good']);
  expect(of('only a system message')).toEqual(['u:Say hello.']);
  expect(of('a system message at the end')).toEqual(['u:Hi', 'a:Yes', 'u:Say goodbye.']);
  expect(of('the assistant last')).toEqual(['u:Hi', 'a:Once upon ', 'u:(Go on.)']);
  expect(of('a call without its result')).toEqual(['u:Hi', 'a:!c1', 'u:=c1:(There is no result.)|Never mind']);
  expect(of('a result without its call')).toEqual(['u:(A tool gave: 12)\n\nSo?']);
  expect(of('parallel calls, results in another order')).toEqual(['u:Hi', 'a:!c1|!c2', 'u:=c1:A|=c2:B|And?']);
  expect(of('a result that comes late')).toEqual(['u:Hi', 'a:!c1', 'u:=c1:A|Hm', 'a:One moment', 'u:So?']);
  expect(of('words between call and result')).toEqual(['u:Hi', 'a:One moment|!c1', 'u:=c1:A']);
  expect(of('ids that come again')).toEqual(['u:Hi', 'a:!c1', 'u:=c1:A', 'a:!c1_2', 'u:=c1_2:B']);
});

test('a last turn of the assistant is not continued where a tool may be called', () => {
  const extra = { tools: [{ type: 'function', function: { name: 'f' } }] };
  const { messages } = bodyOf('anthropic', [user('Hi'), assistant('Once')], 'claude-sonnet-4-5', extra);
  expect(messages.at(-1)).toEqual({ role: 'user', content: '(Go on.)' });
});

test('a last turn of the assistant is continued by the models that can, without the space at its end', () => {
  const messages = [user('Hi'), assistant('Once upon ')];
  for (const model of [
    'claude-sonnet-4-5',
    'claude-3-5-haiku-latest',
    'claude-opus-4-20250514',
    'claude-haiku-4-5-20251001',
  ])
    expect(anthropic(messages, model)).toEqual(['u:Hi', 'a:Once upon']);
  for (const model of ['claude-opus-4-6', 'claude-sonnet-4-6', 'claude-opus-5'])
    expect(anthropic(messages, model).at(-1)).toBe('u:(Go on.)');
});
