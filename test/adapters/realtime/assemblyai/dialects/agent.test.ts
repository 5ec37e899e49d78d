// Tests which agents a key's list sees in frames, which sessions a client may resume, and what a client secret holds.

import { describe, expect, test } from 'vitest';
import { assemblyaiAgentDialect } from '../../../../../adapters/realtime/assemblyai/dialects/agent.ts';
import { eventOf, frameOf } from '../../../../support/frames.ts';

const { modelsIn, ids, pins } = assemblyaiAgentDialect;
const update = (session: object) => ({ type: 'session.update', session });

test.each([
  [update({ agent_id: 'agent-1' }), ['agent-1']],
  [update({ system_prompt: 'Be brief.' }), ['voice-agent']],
  [update({ agent_id: 'agent-1', llm: { model: 'gpt-5' } }), ['agent-1', 'gpt-5']],
  [{ type: 'session.update' }, ['voice-agent']],
  [{ type: 'session.resume', session_id: 'sess_1' }, undefined],
  [{ type: 'input.audio', audio: 'AAAA' }, undefined],
  [{ type: 'tool.result', call_id: 'c', result: '{"agent_id":"x"}' }, undefined],
])('the agents and models of %j are %j', (event, names) => {
  expect(modelsIn(frameOf(event))).toEqual(names);
});

test('a session that is to be resumed is an id, and sound has none', () => {
  const resume = { type: 'session.resume', session_id: 'sess_1' };
  expect(ids?.inFrame?.(frameOf(resume))).toMatchObject({ ids: [{ field: 'session_id', id: 'sess_1' }] });
  expect(ids?.inFrame?.(frameOf({ type: 'input.audio', audio: 'session_id' }))).toBeUndefined();
  expect(ids?.inFrame?.(frameOf({ ...resume, type: 'input.audio', audio: 'AA' }))).toMatchObject({
    ids: [{ field: 'session_id', id: 'sess_1' }],
  });
});

describe('pinned settings', () => {
  const held = (session: object) => {
    const { fromClient } = pins?.hold(session as never) ?? {};
    return (event: object) => fromClient?.(frameOf(event));
  };
  const prompt = { system_prompt: 'Be kind.' };

  test('go into the first session.update, before which nothing passes', () => {
    const pass = held(prompt);
    expect(pass({ type: 'input.audio', audio: 'AA' })).toMatchObject({ code: 'pinned', field: 'type' });
    expect(eventOf(pass(update({ greeting: 'Hi' })) as never)).toEqual(update({ greeting: 'Hi', ...prompt }));
    expect(pass({ type: 'input.audio', audio: 'AA' })).toBeUndefined();
    expect(pass(update({ greeting: 'Hello' }))).toBeUndefined();
  });

  test.each([
    update({ system_prompt: 'Be rude.' }),
    update({ agent_id: 'agent-1' }),
    { type: 'reply.create', instructions: 'Be rude.' },
    { type: 'session.resume', session_id: 'sess_1' },
    { type: 'other' },
  ])('are not changed by %j', (event) => {
    const pass = held(prompt);
    pass(update({}));
    expect(pass(event)).toMatchObject({ code: 'pinned' });
  });

  test('are checked when the secret is made', () => {
    expect(pins?.check({ system_prompt: 7 })).toEqual({ field: 'system_prompt', expected: 'a text' });
    expect(pins?.check({ agent_id: 'agent-1' })).toBeUndefined();
  });
});
