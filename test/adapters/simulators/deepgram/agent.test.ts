// The messages of Deepgram's Voice Agent on a virtual clock.

import { describe, expect, test } from 'vitest';
import { concatSamples, pcm16Bytes } from '../../../../codecs/audio/pcm16.ts';
import { at, Dialogue, silence, tone } from '../../../support/dialogue.ts';

const RATE = 16_000;
const times = { firstAudioMs: 300, firstTextMs: 200, tokenMs: 10, audioSpeed: 10, transcriptionMs: 150 };
const think = { provider: { type: 'open_ai', model: 'm' } };
const functions = [{ name: 'get_time', parameters: { type: 'object', properties: {} } }];

const connect = (audioSpeed = 10): Dialogue =>
  new Dialogue('/v1/agent/converse', { options: { times: { ...times, audioSpeed } } });

function open(agent: object = {}, output: object = {}, audioSpeed?: number): Dialogue {
  const dialogue = connect(audioSpeed);
  const audio = { input: { encoding: 'linear16', sample_rate: RATE }, output };
  dialogue.send({ type: 'Settings', audio, agent: { think, ...agent } });
  return dialogue;
}

function speak(dialogue: Dialogue, samples: Int16Array): void {
  for (let start = 0; start < samples.length; start += RATE / 10) {
    dialogue.sendSound(pcm16Bytes(samples.subarray(start, start + RATE / 10)));
    dialogue.advance(100);
  }
}

const turn = (ms: number) => concatSamples([tone(ms, RATE), silence(800, RATE)]);
const texts = (dialogue: Dialogue) => dialogue.all('ConversationText').map(({ role, content }) => [role, content]);
const whole = ['ConversationText', 'AgentStartedSpeaking', 'sound', 'AgentAudioDone'];

describe('the settings', () => {
  test('are applied once, before anything else', () => {
    expect(open().types).toEqual(['Welcome', 'SettingsApplied']);
    const twice = open();
    twice.send({ type: 'Settings', audio: {}, agent: 'saved' });
    expect(twice.closed?.code).toBe(1011);
    const early = connect();
    early.sendSound(Buffer.alloc(320));
    expect([early.one('Error').code, early.closed?.code]).toEqual(['UNPARSABLE_CLIENT_MESSAGE', 1011]);
  });

  test('bring a greeting, in speech', () => {
    const dialogue = open({ greeting: 'Hello!' }, { sample_rate: 16_000 });
    dialogue.advance(5000);
    expect(dialogue.types).toEqual(['Welcome', 'SettingsApplied', ...whole]);
    expect(texts(dialogue)).toEqual([['assistant', 'This is the rehearsal provider. You wrote: Hello!']]);
    expect(dialogue.messages.find(({ event }) => event.type === 'sound')).toMatchObject({
      binary: true,
      event: { bytes: 3200 },
    });
  });

  test.each([
    [{ type: 'Settings', audio: {} }, /agent/],
    [{ type: 'Settings', audio: { input: { encoding: 'opus' } }, agent: 'a' }, /linear16, mulaw, alaw/],
    [{ type: 'Settings', audio: { output: { container: 'wav' } }, agent: 'a' }, /container/],
    [{ type: 'Nothing' }, /Settings/],
    ['no JSON', /Settings/],
    ['null', /Settings/],
  ])('are refused: %j', (event, description) => {
    const dialogue = connect();
    dialogue.send(event as never);
    expect(dialogue.one('Error')).toMatchObject({
      code: 'UNPARSABLE_CLIENT_MESSAGE',
      description: expect.stringMatching(description),
    });
    expect(dialogue.closed?.code).toBe(1011);
  });
});

describe('a spoken turn', () => {
  test('is answered with its words, and with speech', () => {
    const dialogue = open();
    speak(dialogue, turn(1000));
    dialogue.advance(5000);
    expect(dialogue.types.slice(2)).toEqual(['UserStartedSpeaking', ...whole]);
    expect(texts(dialogue)).toEqual([
      ['user', '(1 second of speech)'],
      ['assistant', 'This is the rehearsal provider. I heard 1 second of speech.'],
    ]);
  });

  test('cuts off what the agent says', () => {
    const dialogue = open({}, {}, 1);
    dialogue.send({ type: 'InjectUserMessage', content: 'hello' });
    dialogue.advance(320);
    expect(dialogue.types.at(-1)).toBe('sound');
    speak(dialogue, tone(400, RATE));
    expect(dialogue.types.at(-1)).toBe('UserStartedSpeaking');
    expect(dialogue.all('AgentAudioDone')).toEqual([]);
  });

  test('ends where the client says so', () => {
    const dialogue = open();
    speak(dialogue, tone(1000, RATE));
    dialogue.send({ type: 'ForceEndTurn' });
    dialogue.advance(200);
    expect(texts(dialogue)).toEqual([['user', '(1 second of speech)']]);
  });

  test('may be G.711, both ways', () => {
    const dialogue = connect();
    const mulaw = { encoding: 'mulaw', sample_rate: 8000 };
    dialogue.send({ type: 'Settings', audio: { input: mulaw, output: mulaw }, agent: { greeting: 'Hi' } });
    dialogue.advance(5000);
    expect(dialogue.messages.find(({ event }) => event.type === 'sound')?.event.bytes).toBe(800);
  });
});

describe('tools', () => {
  test('are called when they are asked for, and their results are told', () => {
    const dialogue = open({ think: { ...think, functions } });
    dialogue.send({ type: 'InjectUserMessage', content: 'Use get_time' });
    dialogue.advance(300);
    const call = at(dialogue.one('FunctionCallRequest'), 'functions.0') as { id: string };
    expect(call).toMatchObject({ name: 'get_time', arguments: '{}', client_side: true });
    dialogue.send({ type: 'FunctionCallResponse', id: call.id, name: 'get_time', content: 'noon' });
    dialogue.advance(5000);
    expect(texts(dialogue).at(-1)).toEqual([
      'assistant',
      'This is the rehearsal provider. The tool get_time answered: noon',
    ]);
  });

  test('that Deepgram calls itself are not asked for, and one whose user speaks is cancelled', () => {
    const dialogue = open({ think: { ...think, functions: [{ ...functions[0], endpoint: { url: 'https://x' } }] } });
    dialogue.send({ type: 'InjectUserMessage', content: 'Use get_time' });
    dialogue.advance(5000);
    expect(dialogue.all('FunctionCallRequest')).toEqual([]);
    dialogue.send({ type: 'UpdateThink', think: { ...think, functions } });
    dialogue.one('ThinkUpdated');
    dialogue.send({ type: 'InjectUserMessage', content: 'Use get_time' });
    dialogue.advance(300);
    speak(dialogue, tone(400, RATE));
    expect(dialogue.one('FunctionCallCancelled')).toMatchObject({ functions: [{ name: 'get_time' }] });
  });
});

describe('what the client makes the agent say', () => {
  test.each([
    ['default', ['InjectionRefused'], 1],
    ['queue', [], 2],
    ['interrupt', [], 1],
  ])('while it speaks, with the behavior %s', (behavior, refused, ends) => {
    const dialogue = open();
    dialogue.send({ type: 'InjectAgentMessage', message: 'one' });
    dialogue.advance(320);
    dialogue.send({ type: 'InjectAgentMessage', message: 'two', behavior });
    dialogue.advance(10_000 - 1);
    expect(dialogue.all('InjectionRefused').map(({ type }) => type)).toEqual(refused);
    expect(dialogue.all('AgentAudioDone')).toHaveLength(ends);
  });

  test('has to be something', () => {
    const dialogue = open();
    dialogue.send({ type: 'InjectAgentMessage' });
    expect(dialogue.closed?.code).toBe(1011);
  });
});

test.each([
  [{ type: 'UpdatePrompt', prompt: 'p' }, 'PromptUpdated'],
  [{ type: 'UpdateSpeak', speak: think }, 'SpeakUpdated'],
  [{ type: 'UpdateListen', listen: think }, 'ListenUpdated'],
  [{ type: 'UpdateThink_Live', think_live: think }, 'ThinkLiveUpdated'],
])('%j is answered with %s', (event, answer) => {
  const dialogue = open();
  dialogue.send(event);
  expect(dialogue.types.at(-1)).toBe(answer);
});

test('a client that sends nothing for 10 s is told so, and one that keeps alive is not', () => {
  const dialogue = open();
  dialogue.advance(8000);
  dialogue.send({ type: 'KeepAlive' });
  dialogue.advance(9999);
  expect(dialogue.closed).toBeUndefined();
  dialogue.advance(1);
  expect([dialogue.one('Error').code, dialogue.closed?.reason]).toEqual([
    'CLIENT_MESSAGE_TIMEOUT',
    'CLIENT_MESSAGE_TIMEOUT',
  ]);
});
