// Answers and streams of the chat completions form: the bytes that pass, the fields that are read, and failures.

import { describe, expect, test } from 'vitest';
import { openaiCompatibleProfile } from '../../../../adapters/llm/completions/openai-compatible.ts';
import { type LlmCall, LlmFailure } from '../../../../adapters/llm/contract.ts';

const call: LlmCall = { messages: [], maxTokens: 5, isStreamed: true, extra: {} };
const wanting: LlmCall = { ...call, extra: { stream_options: { include_usage: true } } };
const line = (data: object | string) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
const chunk = (content: string, more = {}) => ({ model: 'm-1', choices: [{ index: 0, delta: { content } }], ...more });
const finish = { model: 'm-1', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
const usage = { model: 'm-1', choices: [], usage: { prompt_tokens: 7, completion_tokens: 3, cost: 0.25 } };

/** The bytes that a client gets of a stream in pieces of this size, and the outcome. */
function streamed(text: string, size = text.length, its = call) {
  const stream = openaiCompatibleProfile.readStream({}, its, 'm-1');
  const bytes = Buffer.from(text);
  const passed: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) passed.push(stream.push(bytes.subarray(at, at + size)));
  const { rest, ...ended } = stream.end();
  return { passed: Buffer.concat(passed).toString(), rest: rest.toString(), ...ended };
}
const failure = (attempt: () => unknown): LlmFailure => {
  try {
    attempt();
  } catch (error) {
    if (error instanceof LlmFailure) return error;
    throw error;
  }
  throw new Error('no failure');
};

describe('a stream', () => {
  const text = `: hello\n\n${line(chunk('Grüße, '))}: ping\r\n\r\n${line(chunk('Welt'))}${line(finish)}`;
  const whole = `${text}${line(usage)}${line('[DONE]')}`;

  test('passes unchanged without the usage that the client did not ask for, however it is cut', () => {
    for (const size of [1, 2, 3, 7, 64, 10_000]) {
      const { passed, rest, outcome, isComplete } = streamed(whole, size);
      expect(passed).toBe(text);
      expect(rest).toBe('data: [DONE]\n\n');
      expect(isComplete).toBe(true);
      expect(outcome).toEqual({
        text: 'Grüße, Welt',
        served: 'm-1',
        provider: undefined,
        usage: { inputTokens: 7, outputTokens: 3 },
        costUsd: 0.25,
        finish: 'stop',
      });
    }
  });

  test('is ended by an event of the name `error`, whatever is in it', () => {
    for (const data of ['{"message":"no"}', '{"code":429}', 'upstream connect error', '{}'])
      expect(failure(() => streamed(`${line(chunk('Hel'))}event: error\ndata: ${data}\n\n`)).code).toBe(
        data === '{"code":429}' ? 'limited' : 'unavailable',
      );
  });

  test('passes the usage to a client that asked for it', () => {
    expect(streamed(whole, 10, wanting).passed).toBe(`${text}${line(usage)}`);
  });

  test('is complete with a finish reason, also without [DONE] and the last empty line', () => {
    const { rest, isComplete } = streamed(text.trimEnd());
    expect(isComplete).toBe(true);
    expect(rest).toMatch(/\[DONE\]\n\n$/);
  });

  test('is not complete when it breaks off, and gets no [DONE]', () => {
    const { rest, isComplete, outcome } = streamed(line(chunk('Hel')));
    expect([rest, isComplete, outcome.text, outcome.usage]).toEqual(['', false, 'Hel', undefined]);
  });

  test('throws the failure of an error in it, by its code', () => {
    const error = (code: unknown) => line({ error: { code, message: 'secret words' } });
    const codes = [429, 502, 401, 'server_error'].map((code) => failure(() => streamed(error(code))).code);
    expect(codes).toEqual(['limited', 'unavailable', 'credential', 'unavailable']);
    expect(failure(() => streamed(error('server_error'))).message).not.toContain('secret words');
    const failing = line({ choices: [{ delta: { content: '' }, finish_reason: 'error' }] });
    expect(failure(() => streamed(failing)).code).toBe('aborted');
  });

  test('throws garbled when it is of something else', () => {
    expect(failure(() => streamed(line('not json'))).code).toBe('garbled');
    expect(failure(() => streamed(line('[1]'))).code).toBe('garbled');
  });
});

describe('a whole answer', () => {
  const read = (body: unknown) =>
    openaiCompatibleProfile.readReply(
      {
        status: 200,
        headers: {},
        body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
      },
      'm-1',
    );

  test('has no usage when none is reported, and zero is a count', () => {
    const choices = [{ message: { content: 'x' } }];
    expect(read({ choices }).usage).toBeUndefined();
    expect(read({ choices, usage: { prompt_tokens: 3 } }).usage).toBeUndefined();
    expect(read({ choices, usage: { prompt_tokens: 0, completion_tokens: 0 } }).usage).toEqual({
      inputTokens: 0,
      outputTokens: 0,
    });
  });

  test('has counts of audio and cached tokens', () => {
    const usage = {
      prompt_tokens: 30,
      completion_tokens: 20,
      prompt_tokens_details: { cached_tokens: 4, audio_tokens: 5 },
      completion_tokens_details: { audio_tokens: 6, reasoning_tokens: 7 },
    };
    expect(read({ choices: [{ message: { content: 'x' } }], usage }).usage).toEqual({
      inputTokens: 30,
      outputTokens: 20,
      cachedTokens: 4,
      inputAudioTokens: 5,
      outputReasoningTokens: 7,
      outputAudioTokens: 6,
    });
  });

  test('has the text of its parts, and none when it calls a tool', () => {
    const content = [{ type: 'text', text: 'a' }, { type: 'image' }, { type: 'text', text: 'b' }];
    expect(read({ choices: [{ message: { content } }] }).text).toBe('ab');
    const called = read({ choices: [{ message: { content: null, tool_calls: [{}] }, finish_reason: 'tool_calls' }] });
    expect([called.text, called.finish]).toEqual(['', 'tool_calls']);
  });

  test('throws when it is an error or no completion', () => {
    expect(failure(() => read({ error: { code: 402, message: 'no credit' } })).code).toBe('credential');
    for (const body of ['', '{"choices":', '[]', { choices: [] }, { choices: 'x' }, 'null'])
      expect(failure(() => read(body)).code).toBe('garbled');
  });
});
