// The turns of a session: where they end, which words belong to which, and when they are handed over.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { listen } from '../../../support/listen.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('hands a typed turn over when it ends, with the usage so far', () => {
  const call = listen();
  call.wait(10);
  call.user('hello');
  call.marks('request');
  call.wait(50);
  call.marks('text');
  call.assistant('hi there');
  call.use({ inputTokens: 3 });
  call.wait(20);
  expect(call.turns).toEqual([]);
  call.marks('turn-done');
  expect(call.turns).toEqual([
    {
      kind: 'turn',
      session: 's',
      number: 1,
      startedAt: 1_000_010,
      endedAt: 1_000_080,
      user: 'hello',
      assistant: 'hi there',
      isInterrupted: false,
      usage: { inputTokens: 3 },
      model: 'm',
    },
  ]);
});

describe('spoken words', () => {
  const spoken = (call: ReturnType<typeof listen>, item: string, reply: string) => {
    call.marks('speech-started', 'speech-stopped');
    call.heard(item);
    call.marks('audio');
    call.assistant(reply);
    call.marks('turn-done');
  };

  test('are waited for when they come during the reply or after its end', () => {
    const call = listen();
    spoken(call, 'i1', 'one');
    call.wait(1000);
    expect(call.turns).toEqual([]);
    call.user('first', 'i1');
    expect(call.texts()).toEqual([['first', 'one']]);
  });

  const provisional = (call: ReturnType<typeof listen>, item: string, text: string) => {
    const said = { role: 'user', text, item, isProvisional: true } as const;
    call.observe({ mark: 'turn-done', pendingTranscriptOf: item, utterances: [said] });
  };

  test('that may come once more, and better, are handed over as they come last', () => {
    const call = listen();
    provisional(call, 'i1', 'what is the time');
    call.wait(100);
    expect(call.turns).toEqual([]);
    call.observe({ mark: 'turn-done', utterances: [{ role: 'user', text: 'What is the time?', item: 'i1' }] });
    expect(call.texts()).toEqual([['What is the time?', '']]);
  });

  test('that come no more are handed over as they were, after a while', () => {
    const call = listen();
    provisional(call, 'i1', 'goodbye');
    call.wait(3000);
    expect(call.texts()).toEqual([['goodbye', '']]);
  });

  test('belong to their own turn, though the next one has begun', () => {
    const call = listen();
    spoken(call, 'i1', 'one');
    call.marks('speech-started', 'speech-stopped');
    call.heard('i2');
    call.user('first', 'i1');
    call.user('second', 'i2');
    call.marks('audio', 'turn-done');
    expect(call.texts()).toEqual([
      ['first', 'one'],
      ['second', ''],
    ]);
  });

  test('keep later turns waiting, so that turns come in order', () => {
    const call = listen();
    spoken(call, 'i1', 'one');
    spoken(call, 'i2', 'two');
    call.user('second', 'i2');
    expect(call.turns).toEqual([]);
    call.user('first', 'i1');
    expect(call.texts()).toEqual([
      ['first', 'one'],
      ['second', 'two'],
    ]);
    expect(call.turns.map(({ number }) => number)).toEqual([1, 2]);
  });

  test('are not waited for longer than graceMs', () => {
    const call = listen({ limits: { graceMs: 500 } });
    spoken(call, 'i1', 'one');
    call.wait(499);
    expect(call.turns).toEqual([]);
    call.wait(1);
    expect(call.texts()).toEqual([['', 'one']]);
    // The words are too late for their turn, but not lost.
    call.user('first', 'i1');
    spoken(call, 'i2', 'two');
    call.user('second', 'i2');
    expect(call.texts()[1]).toEqual(['first\nsecond', 'two']);
  });

  test('are not waited for beyond the end of the turn after the next', () => {
    const call = listen();
    for (const [index, item] of ['i1', 'i2', 'i3'].entries()) {
      expect(call.turns).toHaveLength(0);
      spoken(call, item, `reply ${index}`);
    }
    expect(call.texts()).toEqual([['', 'reply 0']]);
  });

  test('are not waited for once an empty transcript came', () => {
    const call = listen();
    spoken(call, 'i1', 'one');
    call.user('', 'i1');
    expect(call.texts()).toEqual([['', 'one']]);
  });
});

describe('words in pieces', () => {
  test('are joined, spaces and all, also when they come after the end of their turn', () => {
    const call = listen({ limits: { graceMs: 500 } });
    for (const piece of ['hel', 'lo ', 'world']) call.piece('user', piece);
    call.marks('audio');
    call.piece('assistant', 'good');
    call.marks('turn-done');
    call.wait(400);
    call.piece('assistant', ' morning');
    call.wait(100);
    expect(call.texts()).toEqual([['hello world', 'good morning']]);
  });

  test('go to the next turn when the user speaks before the reply', () => {
    const call = listen();
    call.piece('user', 'one');
    call.marks('audio', 'turn-done');
    call.piece('user', 'two');
    call.piece('assistant', 'reply to two');
    call.marks('audio', 'turn-done');
    call.finish();
    expect(call.texts()).toEqual([
      ['one', ''],
      ['two', 'reply to two'],
    ]);
  });
});

describe('an interruption', () => {
  test('ends the turn, and the next one begins when the user spoke into it', () => {
    const call = listen();
    call.user('tell me a story');
    call.marks('request', 'audio');
    call.wait(100);
    call.marks('speech-started');
    call.wait(20);
    call.assistant('once upon');
    call.marks('interrupted');
    call.wait(500);
    call.marks('speech-stopped');
    call.user('stop');
    call.marks('audio', 'turn-done');
    expect(call.turns).toMatchObject([
      { user: 'tell me a story', assistant: 'once upon', isInterrupted: true, endedAt: 1_000_120 },
      { user: 'stop', isInterrupted: false, startedAt: 1_000_100 },
    ]);
  });

  test('makes one turn of a turn that the provider ends twice', () => {
    const call = listen();
    call.piece('user', 'story');
    call.marks('audio', 'interrupted');
    call.piece('user', 'stop');
    call.marks('turn-done');
    call.marks('audio', 'turn-done');
    call.finish();
    expect(call.texts()).toEqual([
      ['story', ''],
      ['stop', ''],
    ]);
    expect(call.turns.map(({ isInterrupted }) => isInterrupted)).toEqual([true, false]);
  });
});

describe('the end of the session', () => {
  test('hands over the turns that wait and the one that was going on', () => {
    const call = listen();
    call.heard('i1');
    call.marks('audio', 'turn-done');
    call.piece('user', 'one more');
    call.finish();
    expect(call.texts()).toEqual([
      ['', ''],
      ['one more', ''],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('leaves no turn where nobody said anything', () => {
    const call = listen();
    call.marks('speech-started', 'speech-stopped', 'request', 'turn-done');
    call.finish();
    expect(call.turns).toEqual([]);
  });
});

test('counts turns at once, without texts, where no text may be kept', () => {
  const call = listen({ keepsText: false });
  call.heard('i1');
  call.piece('user', 'secret');
  call.marks('audio', 'turn-done');
  call.marks('request', 'text');
  call.assistant('secret');
  call.marks('turn-done');
  expect(call.turns).toMatchObject([
    { number: 1, user: undefined, assistant: undefined },
    { number: 2, user: undefined, assistant: undefined },
  ]);
  expect(JSON.stringify(call.turns)).not.toContain('secret');
});

test('never reads the utterances of an observation where no text may be kept', () => {
  const call = listen({ keepsText: false });
  call.observe({
    mark: 'text',
    get utterances(): never {
      throw new Error('parsed for nothing');
    },
  });
  call.finish();
  expect(call.turns).toMatchObject([{ number: 1, user: undefined, assistant: undefined }]);
});

test('cuts a session that never says where a turn ends by time', () => {
  const call = listen({ limits: { continuousMs: 1000 } });
  call.observe({ isContinuous: true });
  for (let second = 0; second < 2.5; second += 0.5) {
    call.piece('user', `u${second} `);
    call.marks('audio');
    call.piece('assistant', `a${second} `);
    call.wait(500);
  }
  call.finish();
  expect(call.texts()).toEqual([
    ['u0 u0.5', 'a0 a0.5'],
    ['u1 u1.5', 'a1 a1.5'],
    ['u2', 'a2'],
  ]);
});

test('tells times by the clock of now, also after the machine has slept', () => {
  const call = listen({ timeOf: undefined as never });
  vi.setSystemTime(Date.UTC(2026, 0, 1));
  call.user('hello');
  call.finish();
  const [turn] = call.turns;
  expect(turn?.endedAt).toBe(Math.round(Date.now() - performance.now()));
});

test('begins the next turn with the speech that cut a reply off, where no event says that it did', () => {
  const call = listen({}, 'speech-started');
  call.marks('audio');
  call.wait(100);
  call.marks('speech-started');
  call.wait(50);
  call.user('not now');
  call.marks('audio', 'turn-done');
  expect(call.turns).toMatchObject([
    { isInterrupted: true, endedAt: 1_000_100 },
    { isInterrupted: false, startedAt: 1_000_100, user: 'not now' },
  ]);
});
