// The part of the conformance suite that needs no socket: what a dialect reads in the frames of its fixture, and in hostile ones.

import { expect, test } from 'vitest';
import type { Dialect } from '../../../adapters/realtime/contract/dialect.ts';
import type { Observation } from '../../../adapters/realtime/contract/observation.ts';
import type { DecisiveBytes } from '../../../codecs/websocket/alike-messages.ts';
import { frameOf } from '../../support/frames.ts';
import { seededRandom } from '../../support/random.ts';
import { type DialectFixture, type FixtureMessage, payloadOf } from './fixture.ts';
import { hostileFrame } from './hostile-frames.ts';

const ROUNDS = 1500;

export function checkDialect(dialect: Dialect, { conversation, naming, errorEvent }: DialectFixture): void {
  const frames = conversation.map(([from, payload]) => ({ from, frame: frameFor(payload) }));
  const learned = conversation.map(([from, payload]) => learnedFrom(dialect, from, payload));
  const learn = (of: (observation: Observation) => unknown) =>
    learned.map((observation) => observation && of(observation)).filter((value) => value !== undefined);

  test('the tap learns from each message what the fixture says', () => {
    for (const [index, [from, payload, expected = {}]] of conversation.entries()) {
      const { type: _, ...rest } = learned[index] ?? { type: '' };
      expect(rest, `${from} ${JSON.stringify(payload)}`).toEqual(expected);
    }
  });

  test('messages with the same decisive bytes are observed alike, and those of sound tell which they are', () => {
    const random = seededRandom(10);
    for (const { from, frame } of frames) {
      const direction = from === 'client' ? 'upstream' : 'downstream';
      const { decides, ...observed }: Partial<Observation> = dialect.observe(frame, direction) ?? {};
      const decisive = decides?.(frame.data);
      if (observed.mark === 'audio') expect(decisive).toBeDefined();
      for (let round = 0; decisive !== undefined && round < 50; round += 1) {
        const data = withSameDecisive(frame.data, decisive, hostileFrame(random, [frame]).data);
        const { decides: _, ...again } = dialect.observe({ ...frame, data }, direction) ?? {};
        expect(again, data.toString()).toEqual(observed);
      }
    }
  });

  test('the fixture shows what the dialect declares', () => {
    const { audio, speech, turnEnd, usage, speaksFirst } = dialect.capabilities;
    const isSound = (index: number) => learned[index]?.mark === 'audio';
    const sounds = frames.filter((_, index) => isSound(index)).map(({ frame }) => frame.data.toString('latin1'));
    expect(sounds.length > 0).toBe(speech !== 'heard');
    expect(sounds.map((text) => text.startsWith('{'))).toEqual(sounds.map(() => audio === 'base64'));
    const isBinary = frames.some(({ from, frame }) => from === 'client' && frame.binary);
    expect(isBinary).toBe(audio === 'binary' && speech !== 'spoken');
    expect(learn(({ mark }) => (mark === 'turn-done' ? mark : undefined)).length > 0).toBe(turnEnd === 'event');
    expect(learn(({ isContinuous }) => isContinuous).length > 0).toBe(turnEnd === 'never');
    const reported = learn(
      (observation) => observation.usage && (observation.usage.cumulative ? 'cumulative' : 'per-turn'),
    );
    expect([...new Set(reported)]).toEqual(usage === 'never' || usage === 'elsewhere' ? [] : [usage]);
    expect(frames[0]?.from).toBe(speaksFirst);
  });

  test('a frame that names a model is known to name it, and no frame of the conversation is rejected', () => {
    if (naming !== undefined) expect(dialect.modelsIn(frameFor(naming('some-model')))).toContain('some-model');
    for (const { from, frame } of frames)
      if (from === 'client')
        for (const read of [dialect.modelsIn(frame), dialect.ids?.inFrame?.(frame)])
          expect(read ?? []).not.toHaveProperty('code');
  });

  test('an error event is declared where there is one', () => {
    const rejection = { code: 'duplicate_key', message: 'why' } as const;
    const event = dialect.errorEvent(rejection, naming && frameFor(naming('m')));
    expect(event === undefined).toBe(errorEvent === undefined);
    if (event !== undefined) expect(JSON.parse(String(event.data))).toEqual(errorEvent?.('duplicate_key', 'why'));
  });

  test('hostile frames are read without an error', () => {
    const random = seededRandom(9);
    const samples = [...frames.map(({ frame }) => frame), frameFor(naming?.('m') ?? {})];
    for (let round = 0; round < ROUNDS; round++) {
      const frame = hostileFrame(random, samples);
      // One assertion for all: making each takes longer than what it asserts.
      expect(() => readAll(dialect, frame), frame.data.toString()).not.toThrow();
    }
  });
}

/** Puts other bytes in the place of those that do not decide: any behind the first ones, or such as a string may have. */
function withSameDecisive(data: Buffer, { first, last }: DecisiveBytes, others: Buffer): Buffer {
  const between = last === 0 ? others : Buffer.from(others.toString('base64'));
  return Buffer.concat([data.subarray(0, first), between, data.subarray(data.length - last)]);
}

function readAll(dialect: Dialect, frame: ReturnType<typeof frameOf>): void {
  dialect.modelsIn(frame);
  dialect.ids?.inFrame?.(frame);
  readPinned(dialect, frame);
  for (const direction of ['upstream', 'downstream'] as const) {
    const observation = dialect.observe(frame, direction);
    void [observation?.utterances, observation?.counts];
  }
  dialect.errorEvent({ code: 'duplicate_key', message: 'm' }, frame);
  if (dialect.context?.kind === 'in-first-message') dialect.context.merge(frame, 'text');
}

/** Reads a frame of either end by what can be pinned of any dialect. */
function readPinned({ pins }: Dialect, frame: ReturnType<typeof frameOf>): void {
  const held = pins?.hold({ instructions: 'x', tools: [], systemInstruction: {}, agent: { think: { prompt: 'x' } } });
  held?.fromClient(frame);
  held?.fromProvider?.(frame);
  held?.start?.answerIn(frame);
}

const frameFor = (payload: FixtureMessage[1]) => {
  const { data, binary } = payloadOf(payload);
  return frameOf(data, binary);
};

/** With the words read, which some observations do only when they are asked for. */
function learnedFrom(dialect: Dialect, ...[from, payload]: FixtureMessage): Observation | undefined {
  const observation = dialect.observe(frameFor(payload), from === 'client' ? 'upstream' : 'downstream');
  if (observation === undefined) return undefined;
  const { decides: _, ...learned } = observation;
  return learned;
}
