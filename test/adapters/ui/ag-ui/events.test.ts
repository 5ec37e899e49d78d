// Runs as events of AG-UI, each checked by the schema of its own package.

import { EventSchemas } from '@ag-ui/core/schemas';
import { expect, test } from 'vitest';
import { AgUiEvents } from '../../../../adapters/ui/ag-ui/events.ts';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { answerOf, callEvents, ended, reasoningEvents, textEvents } from '../../../support/response-events.ts';

const run = { threadId: 'thread-1', runId: 'run-1' };

function eventsOf(events: readonly JsonObject[], note = run) {
  const translator = new AgUiEvents(note);
  const written = events.flatMap((event) => translator.push(event));
  for (const event of written) expect(EventSchemas.safeParse(event).error).toBeUndefined();
  return written;
}

const started = { type: 'RUN_STARTED', ...run, protocolVersion: '1.0' };
const usage = [
  { model: 'some/model', inputTokens: 9, outputTokens: 5, totalTokens: 14, cachedInputTokens: 4, reasoningTokens: 2 },
];
const finished = (finishReason: string, pendingToolCallIds: readonly string[] = []) => ({
  ...{ type: 'RUN_FINISHED', ...run, outcome: { type: 'success', pendingToolCallIds } },
  ...{ result: { responseId: 'resp_1', finishReason }, usage },
});

test('a text', () => {
  expect(eventsOf(answerOf(textEvents(['Hel', 'lo'])))).toEqual([
    started,
    { type: 'TEXT_MESSAGE_START', messageId: 'msg_0:0', role: 'assistant' },
    { type: 'TEXT_MESSAGE_CONTENT', messageId: 'msg_0:0', delta: 'Hel' },
    { type: 'TEXT_MESSAGE_CONTENT', messageId: 'msg_0:0', delta: 'lo' },
    { type: 'TEXT_MESSAGE_END', messageId: 'msg_0:0' },
    finished('stop'),
  ]);
});

test('a call of a tool belongs to the message before it, and waits for its output', () => {
  const call = (toolCallId: string, parentMessageId: string) => [
    { type: 'TOOL_CALL_START', toolCallId, toolCallName: 'weather', parentMessageId },
    { type: 'TOOL_CALL_ARGS', toolCallId, delta: '{}' },
    { type: 'TOOL_CALL_END', toolCallId },
  ];
  expect(eventsOf(answerOf(callEvents('weather', ['{}']))).slice(1)).toEqual([
    ...call('call_0', 'resp_1'),
    finished('tool-calls', ['call_0']),
  ]);
  const behind = eventsOf(answerOf([...textEvents(['Hi']), ...callEvents('weather', ['{}'], 1)]));
  expect(behind.slice(4)).toEqual([...call('call_1', 'msg_0:0'), finished('tool-calls', ['call_1'])]);
});

test('reasoning, with what the model needs to go on', () => {
  const id = { messageId: 'rs_0:0' };
  expect(eventsOf(answerOf(reasoningEvents(['One.'], 'sealed'))).slice(1, -1)).toEqual([
    { type: 'REASONING_START', ...id },
    { type: 'REASONING_MESSAGE_START', ...id, role: 'reasoning' },
    { type: 'REASONING_MESSAGE_CONTENT', ...id, delta: 'One.' },
    { type: 'REASONING_MESSAGE_END', ...id },
    { type: 'REASONING_ENCRYPTED_VALUE', subtype: 'message', entityId: 'rs_0:0', encryptedValue: 'sealed' },
    { type: 'REASONING_END', ...id },
  ]);
});

test('a tool that the host of the model runs has its result, and a source is an event of its own', () => {
  const item = { id: 'ws_0', type: 'web_search_call', action: { query: 'x' }, sources: 1 };
  const cited = textEvents(['Hi'], 1, [{ type: 'url_citation', url: 'https://example.com', title: 'Example' }]);
  const written = eventsOf(
    answerOf([
      { type: 'response.output_item.added', item },
      { type: 'response.output_item.done', item: { ...item, status: 'completed' } },
      ...cited,
    ]),
  );
  expect(written.slice(1, 5)).toEqual([
    { type: 'TOOL_CALL_START', toolCallId: 'ws_0', toolCallName: 'web_search', parentMessageId: 'resp_1' },
    { type: 'TOOL_CALL_ARGS', toolCallId: 'ws_0', delta: '{"query":"x"}' },
    { type: 'TOOL_CALL_END', toolCallId: 'ws_0' },
    { type: 'TOOL_CALL_RESULT', messageId: 'result-ws_0', toolCallId: 'ws_0', content: '{"sources":1}' },
  ]);
  expect(written).toContainEqual({
    type: 'CUSTOM',
    name: 'source',
    value: { url: 'https://example.com', title: 'Example' },
  });
});

test('an answer that fails, is stopped or is cut says so, and names the run before', () => {
  const failed = ended('failed', { usage: null, error: { code: 'run_lost', message: 'the process died' } });
  expect(eventsOf(answerOf([], failed)).at(-1)).toEqual({
    type: 'RUN_ERROR',
    message: 'the process died',
    code: 'run_lost',
  });
  expect(eventsOf(answerOf([], ended('cancelled'))).at(-1)).toMatchObject({ outcome: { type: 'cancelled' } });
  const cut = ended('incomplete', { incomplete_details: { reason: 'max_output_tokens' } });
  expect(eventsOf(answerOf([], cut)).at(-1)).toEqual(finished('length'));
  const note = { ...run, parentRunId: 'run-0' };
  expect(eventsOf(answerOf([]), note)[0]).toEqual({ ...started, parentRunId: 'run-0' });
});
