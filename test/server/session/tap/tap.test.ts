// Counts, turns, usage and the model as the tap learns them, from a scripted dialect and from the real ones.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Dialect } from '../../../../adapters/realtime/contract/dialect.ts';
import type { Mark, Observation } from '../../../../adapters/realtime/contract/observation.ts';
import { createMetrics, type Metrics, type TurnTimes } from '../../../../server/platform/metrics.ts';
import { Tap } from '../../../../server/session/tap/tap.ts';
import { openClient, startGateway } from '../../../support/gateway.ts';
import { message } from '../../../support/inbox.ts';
import { sampleOf } from '../../../support/metrics.ts';
import { gemini, live, realtime, responses } from '../../../support/model-policy/frames.ts';
import { startProvider } from '../../../support/provider.ts';
import { tapOf } from '../../../support/scripted-tap.ts';

const marks = (...list: [Mark, number][]) => tapOf(...list.map(([mark, at]) => ({ at, observation: { mark } }))).turns;

test.each<[string, [Mark, number][], TurnTimes[]]>([
  [
    'from the end of the speech to the first audio',
    [
      ['speech-started', 0],
      ['speech-stopped', 100],
      ['audio', 450],
      ['audio', 460],
    ],
    [{ speechToAudioMs: 350 }],
  ],
  [
    'from the end of the speech to the first text',
    [
      ['speech-stopped', 100],
      ['text', 300],
    ],
    [{ speechToTextMs: 200 }],
  ],
  [
    'from the request to the first text',
    [
      ['request', 10],
      ['text', 30],
      ['text', 40],
    ],
    [{ requestToTextMs: 20 }],
  ],
  [
    'from the request to the first audio',
    [
      ['request', 10],
      ['audio', 40],
    ],
    [{ requestToAudioMs: 30 }],
  ],
  [
    'from the newest request',
    [
      ['request', 10],
      ['request', 50],
      ['text', 60],
    ],
    [{ requestToTextMs: 10 }],
  ],
  [
    'from the request, where the reply to the speech before it failed',
    [
      ['speech-stopped', 0],
      ['turn-done', 10],
      ['request', 59_000],
      ['audio', 59_300],
    ],
    [{ requestToAudioMs: 300 }],
  ],
  [
    'never from a request that new speech replaced',
    [
      ['request', 0],
      ['speech-started', 10],
      ['audio', 20],
    ],
    [],
  ],
  [
    'not from a request that was made while the reply before passes',
    [
      ['request', 0],
      ['audio', 5],
      ['request', 10],
      ['audio', 12],
      ['turn-done', 13],
      ['audio', 14],
    ],
    [{ requestToAudioMs: 5 }],
  ],
  [
    'from a request that was made before the turn that it cut off has ended',
    [
      ['request', 0],
      ['text', 5],
      ['request', 10],
      ['interrupted', 11],
      ['turn-done', 12],
      ['text', 30],
    ],
    [{ requestToTextMs: 5 }, { requestToTextMs: 20 }],
  ],
])('measures a turn %s', (_, list, turns) => {
  expect(marks(...list)).toEqual(turns);
});

test('adds usage up, lets a cumulative report replace the sum, and cuts a long model name', () => {
  const report = (usage: Observation['usage']) => ({ at: 0, observation: { usage } });
  expect(tapOf(report({ inputTokens: 3, outputTokens: 1 }), report({ inputTokens: 4 })).usage).toEqual({
    inputTokens: 7,
    outputTokens: 1,
  });
  expect(tapOf(report({ cumulative: true, seconds: 3 }), report({ cumulative: true, seconds: 9 })).usage).toMatchObject(
    { seconds: 9 },
  );
  expect(tapOf({ at: 0, observation: { model: 'm'.repeat(4_000_000) } }).model).toHaveLength(200);
});

describe('with the real dialects', () => {
  let metrics: Metrics;
  let tap: Tap;
  let now: number;

  beforeEach(() => {
    start(realtime);
  });

  function start(dialect: Dialect): void {
    metrics = createMetrics(() => 0);
    now = 1000;
    tap = new Tap({ dialect, metrics, provider: 'openai', startedAt: now });
  }

  /** Passes an event, so many milliseconds after the last. */
  function pass(direction: 'upstream' | 'downstream', event: object | string, afterMs = 0): void {
    now += afterMs;
    const data = Buffer.from(typeof event === 'string' ? event : JSON.stringify(event));
    tap.observe({ data, binary: false, at: now }, direction);
  }

  const up = (event: object | string, afterMs?: number) => pass('upstream', event, afterMs);
  const down = (event: object | string, afterMs?: number) => pass('downstream', event, afterMs);

  test('counts frames and bytes by direction, also of frames that are no event', async () => {
    up('12345');
    up('');
    down('{"type":"x"}');
    down('{broken');
    down('123');
    expect(tap.summary()).toMatchObject({
      frames: { upstream: 2, downstream: 3 },
      bytes: { upstream: 5, downstream: 12 + 7 + 3 },
    });
    expect(await sampleOf(metrics.registry, 'trunkline_frames_total', { direction: 'upstream' })).toBe(2);
    expect(await sampleOf(metrics.registry, 'trunkline_bytes_total', { direction: 'downstream' })).toBe(22);
  });

  test('knows the time of the last frame', () => {
    expect(tap.lastFrameAt).toBe(1000);
    up('x', 250);
    expect(tap.lastFrameAt).toBe(1250);
  });

  test('reports residence in microseconds, by direction, with percentiles', async () => {
    tap.sent('upstream', 0.1, 99);
    tap.sent('upstream', 50, 1);
    const { upstream, downstream } = tap.summary().residenceUs;
    expect(upstream.count).toBe(100);
    expect(Math.abs(upstream.p50 - 100)).toBeLessThanOrEqual(1);
    expect(upstream.max).toBeGreaterThanOrEqual(50_000);
    expect(upstream.p99).toBeLessThan(50_000);
    expect(downstream).toEqual({ count: 0, p50: 0, p99: 0, max: 0 });
    expect(await sampleOf(metrics.registry, 'trunkline_residence_seconds_count', { direction: 'upstream' })).toBe(100);
  });

  test('counts a frame that stayed for more than a minute', () => {
    tap.sent('downstream', 90_000, 1);
    expect(tap.summary().residenceUs.downstream).toMatchObject({ count: 1 });
  });

  test('adds up the usage of responses and of transcriptions', () => {
    const done = (usage: object) => ({ type: 'response.done', response: { status: 'completed', usage } });
    down(done({ total_tokens: 30, input_tokens: 10, output_tokens: 20, input_token_details: { audio_tokens: 7 } }));
    down(done({ total_tokens: 3, input_tokens: 1, output_tokens: 2, output_token_details: { audio_tokens: 2 } }));
    const usage = { type: 'tokens', total_tokens: 5, input_tokens: 4, output_tokens: 1 };
    down({ type: 'conversation.item.input_audio_transcription.completed', transcript: 'hi', usage });
    // A claim of the client does not count.
    up(done({ total_tokens: 1_000_000 }));
    expect(tap.summary().usage).toEqual({
      totalTokens: 38,
      inputTokens: 15,
      outputTokens: 23,
      inputAudioTokens: 7,
      outputAudioTokens: 2,
    });
  });

  test('tells of a report that counts less than nothing, and adds up the rest', () => {
    const done = (usage: object) => ({ type: 'response.done', response: { status: 'completed', usage } });
    down(done({ input_tokens: 10, output_tokens: 20 }));
    expect(tap.summary().isBeyondBound).toBeUndefined();
    down(done({ input_tokens: 5, output_tokens: -20 }));
    expect(tap.summary()).toMatchObject({ usage: { inputTokens: 15, outputTokens: 20 }, isBeyondBound: true });
  });

  test('keeps the newest usage that a Live session reports', () => {
    start(live);
    down({ type: 'session.usage.updated', usage: { seconds: 3 } });
    down({ type: 'session.usage.updated', usage: { seconds: 8.5 } });
    down({ type: 'session.usage.updated', usage: { seconds: -1 } });
    expect(tap.summary().usage).toEqual({ cumulative: true, seconds: 8.5 });
  });

  test('adds up the usage that comes with the messages of Gemini', () => {
    start(gemini);
    down({ serverContent: { turnComplete: true }, usageMetadata: { promptTokenCount: 4, totalTokenCount: 9 } });
    down({ serverContent: { turnComplete: true }, usageMetadata: { promptTokenCount: 1, totalTokenCount: 2 } });
    expect(tap.summary().usage).toEqual({ inputTokens: 5, totalTokens: 11 });
  });

  test('measures a voice turn from the end of the speech to the first audio, also in the metrics', async () => {
    down({ type: 'input_audio_buffer.speech_stopped' }, 100);
    down({ type: 'response.created' }, 200);
    down({ type: 'response.output_audio.delta', delta: 'AAAA' }, 200);
    down({ type: 'response.output_audio.delta', delta: 'AAAA' }, 20);
    expect(tap.summary().turns).toEqual([{ speechToAudioMs: 400 }]);
    expect(await sampleOf(metrics.registry, 'trunkline_turn_seconds_count', { kind: 'speechToAudio' })).toBe(1);
    expect(await sampleOf(metrics.registry, 'trunkline_turn_seconds_sum', { kind: 'speechToAudio' })).toBe(0.4);
  });

  test('measures a text turn from the request to the first text', () => {
    start(responses);
    up({ type: 'response.create', model: 'm' });
    down({ type: 'response.output_text.delta', delta: 'hi' }, 80);
    expect(tap.summary().turns).toEqual([{ requestToTextMs: 80 }]);
  });

  test('keeps the newest 200 turns of a session', () => {
    for (let turn = 0; turn < 250; turn++) {
      down({ type: 'input_audio_buffer.speech_stopped' });
      down({ type: 'response.output_audio.delta', delta: 'AAAA' }, turn);
    }
    const { turns } = tap.summary();
    expect(turns).toHaveLength(200);
    expect(turns.at(-1)).toEqual({ speechToAudioMs: 249 });
  });

  test('keeps nothing of what was said', () => {
    up({ type: 'conversation.item.create', item: { content: 'canary' } });
    down({ type: 'response.output_text.delta', delta: 'canary' });
    down({ type: 'response.done', response: { status: 'canary', usage: { canary: 1, total_tokens: 1 } } });
    expect(JSON.stringify(tap.summary())).not.toContain('canary');
  });
});

test('a session reports the model that the provider says it serves', async () => {
  const provider = await startProvider();
  const gateway = await startGateway({ provider: provider.url });
  const client = await openClient(`${gateway.url}/v1/realtime?model=asked`);
  const upstream = await provider.next();
  expect(gateway.gateway.records()[0]?.model).toBe('asked');
  upstream.send(JSON.stringify({ type: 'session.created', session: { model: 'served' } }));
  await message(client);
  expect(gateway.gateway.records()[0]?.model).toBe('served');
  client.terminate();
  await gateway.close();
  await provider.close();
});
