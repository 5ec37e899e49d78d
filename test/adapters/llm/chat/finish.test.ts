// Why answers end, of every form, whole and streamed: cut is `length`, filtered is `content_filter`, and all else but `stop` is a fault.

import { describe, expect, test } from 'vitest';
import { type LlmCall, LlmFailure, type LlmProfile } from '../../../../adapters/llm/contract.ts';
import { llmProfiles } from '../../../../adapters/llm/index.ts';

const call: LlmCall = { messages: [{ role: 'user', content: 'x' }], maxTokens: 5, isStreamed: true, extra: {} };
const event = (data: object | string) =>
  Buffer.from(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);

/** One answer of each form with this reason, whole and as the events of a stream. */
const forms = {
  gemini: {
    whole: (reason: unknown, text: string) => ({
      candidates: [{ ...(text === '' ? {} : { content: { parts: [{ text }] } }), finishReason: reason }],
    }),
    streamed: (reason: unknown, text: string) => [
      { candidates: [{ content: { parts: [{ text }] } }] },
      { candidates: [{ finishReason: reason }], usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1 } },
    ],
  },
  anthropic: {
    whole: (reason: unknown, text: string) => ({
      content: text === '' ? [] : [{ type: 'text', text }],
      stop_reason: reason,
    }),
    streamed: (reason: unknown, text: string) => [
      { type: 'message_start', message: {} },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
      { type: 'message_delta', delta: { stop_reason: reason } },
      { type: 'message_stop' },
    ],
  },
  completions: {
    whole: (reason: unknown, text: string) => ({ choices: [{ message: { content: text }, finish_reason: reason }] }),
    streamed: (reason: unknown, text: string) => [
      { choices: [{ index: 0, delta: { content: text }, finish_reason: null }] },
      { choices: [{ index: 0, delta: {}, finish_reason: reason }] },
      '[DONE]',
    ],
  },
} as const;
type Form = keyof typeof forms;
const profileOf = (form: Form) => llmProfiles.get(form === 'completions' ? 'openrouter' : form) as LlmProfile;

function whole(form: Form, reason: unknown, text = 'Hel') {
  const body = Buffer.from(JSON.stringify(forms[form].whole(reason, text)));
  return profileOf(form).readReply({ status: 200, headers: {}, body }, 'asked');
}

function streamed(form: Form, reason: unknown, text = 'Hel') {
  const stream = profileOf(form).readStream({}, call, 'asked');
  const passed = forms[form].streamed(reason, text).map((one) => stream.push(event(one)));
  const { rest, ...ended } = stream.end();
  return { text: Buffer.concat([...passed, rest]).toString(), ...ended };
}

const reasonsIn = (text: string) =>
  text.split('\n\n').flatMap((line) => /"finish_reason":"(\w+)"/.exec(line)?.[1] ?? []);

const aborted = expect.objectContaining({ code: 'aborted' });

const known: readonly (readonly [Form, string, string])[] = [
  ...(['SAFETY', 'RECITATION', 'LANGUAGE', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'IMAGE_SAFETY'] as const).map(
    (reason) => ['gemini', reason, 'content_filter'] as const,
  ),
  ['gemini', 'STOP', 'stop'],
  ['gemini', 'MAX_TOKENS', 'length'],
  ['anthropic', 'end_turn', 'stop'],
  ['anthropic', 'stop_sequence', 'stop'],
  ['anthropic', 'max_tokens', 'length'],
  ['anthropic', 'model_context_window_exceeded', 'length'],
  ['anthropic', 'pause_turn', 'length'],
  ['anthropic', 'refusal', 'content_filter'],
  ['completions', 'stop', 'stop'],
  ['completions', 'eos', 'stop'],
  ['completions', 'length', 'length'],
  ['completions', 'model_length', 'length'],
  ['completions', 'MAX_TOKENS', 'length'],
  ['completions', 'content_filter', 'content_filter'],
  ['completions', 'content-filter', 'content_filter'],
  ['completions', 'SAFETY', 'content_filter'],
  ['completions', 'guardrail_intervened', 'content_filter'],
  ['completions', 'tool_calls', 'tool_calls'],
  ['completions', 'function_call', 'function_call'],
];

test.each(known)('%s: %s is %s, whole and streamed, for the ledger and for the client', (form, reason, finish) => {
  const answer = whole(form, reason);
  expect(answer.finish).toBe(finish);
  expect(answer.completion).toMatchObject({ model: 'asked', choices: [{ finish_reason: finish }] });
  const stream = streamed(form, reason);
  expect(stream).toMatchObject({ isComplete: true, outcome: { finish, text: 'Hel' } });
  expect(reasonsIn(stream.text)).toEqual([finish]);
});

test.each<[Form, string]>([
  ...(
    ['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'TOO_MANY_TOOL_CALLS', 'MISSING_THOUGHT_SIGNATURE'] as const
  ).map((reason): [Form, string] => ['gemini', reason]),
  ['gemini', 'MALFORMED_RESPONSE'],
  ['gemini', 'OTHER'],
  ['gemini', 'NO_IMAGE'],
  ['gemini', 'FINISH_REASON_UNSPECIFIED'],
  ['gemini', 'constructor'],
  ['anthropic', 'compaction'],
  ['completions', 'error'],
  ['completions', 'malformed_function_call'],
  ['completions', 'insufficient_system_resource'],
  ['completions', 'something new'],
])('%s: %s is a fault, with content and without, whole and streamed', (form, reason) => {
  for (const text of ['', 'Hel']) {
    expect(() => whole(form, reason, text)).toThrow(aborted);
    expect(() => streamed(form, reason, text)).toThrow(aborted);
  }
});

describe('an answer that does not say why it ended', () => {
  test.each<Form>(['gemini', 'anthropic'])('is a fault of %s', (form) => {
    expect(() => whole(form, undefined)).toThrow(aborted);
    expect(streamed(form, undefined).isComplete).toBe(false);
  });

  test('is a fault of an endpoint of chat completions where it says nothing at all; what it says stays as it is', () => {
    expect(() => whole('completions', null, '')).toThrow(aborted);
    expect(whole('completions', null)).toMatchObject({
      finish: undefined,
      completion: { choices: [{ finish_reason: null }] },
    });
  });

  test('is no complete stream, also with a mark of the end, and gets no [DONE]', () => {
    const { isComplete, text } = streamed('completions', null);
    expect(isComplete).toBe(false);
    expect(text).not.toContain('[DONE]');
  });
});

test.each([
  [{ native_finish_reason: 'MALFORMED_FUNCTION_CALL' }, 'fault'],
  [{ provider_specific_fields: { native_finish_reason: 'MALFORMED_FUNCTION_CALL' } }, 'fault'],
  [{ native_finish_reason: 'MAX_TOKENS' }, 'length'],
  [{ native_finish_reason: 'SAFETY' }, 'content_filter'],
  [{ native_finish_reason: 'completed' }, 'stop'],
])('the word of the provider behind a router holds where the router says stop: %j is %s', (more, finish) => {
  const body = { model: 'm', choices: [{ message: { content: 'Hel' }, finish_reason: 'stop', ...more }] };
  const read = () =>
    profileOf('completions').readReply({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) }, 'asked');
  if (finish === 'fault') expect(read).toThrow(aborted);
  else expect(read()).toMatchObject({ finish, completion: { choices: [{ finish_reason: finish }] } });
});

test.each(['SAFETY', 'OTHER', 'IMAGE_SAFETY', 'PROHIBITED_CONTENT'])(
  'a prompt that Gemini blocks (%s) is filtered',
  (blockReason) => {
    const body = Buffer.from(JSON.stringify({ promptFeedback: { blockReason } }));
    expect(profileOf('gemini').readReply({ status: 200, headers: {}, body }, 'asked').finish).toBe('content_filter');
    const stream = profileOf('gemini').readStream({}, call, 'asked');
    const passed = stream.push(event({ promptFeedback: { blockReason } }));
    expect(reasonsIn(Buffer.concat([passed, stream.end().rest]).toString())).toEqual(['content_filter']);
  },
);

test('a whole answer that ended in a fault carries what it came to, since it is billed', () => {
  const body = {
    candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }],
    usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 0 },
  };
  try {
    profileOf('gemini').readReply({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) }, 'asked');
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(LlmFailure);
    expect((error as LlmFailure).outcome?.usage).toMatchObject({ inputTokens: 9, outputTokens: 0 });
  }
});

test('every chunk of a stream names a model, the one that was asked for where the endpoint names none', () => {
  for (const form of ['gemini', 'anthropic', 'completions'] as const) {
    const chunks = streamed(form, { gemini: 'STOP', anthropic: 'end_turn', completions: 'stop' }[form])
      .text.split('\n\n')
      .filter((line) => line.startsWith('data: {'));
    expect(chunks.map((line) => JSON.parse(line.slice(6)).model)).toEqual(chunks.map(() => 'asked'));
  }
});
