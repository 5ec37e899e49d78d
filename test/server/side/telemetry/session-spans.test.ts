// A session of the rehearsal with its side tasks, and a call, of a gateway that runs: the traces that a collector gets, and the metrics.

import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import type { StoredTurn } from '../../../../server/ipc/stored-rows.ts';
import { createSessionSpans, spansOfSession } from '../../../../server/side/telemetry/session-spans.ts';
import { Telemetry } from '../../../../server/side/telemetry/telemetry.ts';
import { type DecodedSpan, otlpCollector } from '../../../support/otlp-collector.ts';
import { spokenTurn } from '../../../support/recording.ts';
import { RehearsalClient } from '../../../support/rehearsal-client.ts';
import { type Served, serve } from '../../../support/served.ts';
import { aSession } from '../../../support/side-records.ts';
import { exportedTo, silent } from '../../../support/tracing.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const traceparent = `00-${traceId}-${spanId}-01`;
const quick = {
  times: { firstAudioMs: 20, firstTextMs: 10, tokenMs: 0, audioSpeed: 100, transcriptionMs: 0 },
  awaitPlayback: false,
};
const id = '00000000-0000-4000-8000-0000000000aa';

let gateway: Served | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

async function speak(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const path = `/v1/realtime?model=gpt-realtime-2.1&trunkline-session=${id}`;
  const client = new RehearsalClient(url + path, [], headers);
  await client.opened();
  await client.type('session.created');
  for (const audio of spokenTurn('librivox-0880', 24_000)) client.send({ type: 'input_audio_buffer.append', audio });
  await client.type('response.done');
  client.socket.close();
}

const named = (spans: readonly DecodedSpan[], name: string) => spans.find((span) => span.name === name);

describe('a session of a client that has a trace', () => {
  test('is in it, with its turn, what the model said, its tasks and their calls, and so is a call', async () => {
    const collector = await otlpCollector();
    const telemetry = { otlp: collector.url, allowPrivate: true, metricsMs: 300 };
    const tasks = [{ kind: 'summary', class: 'rehearsal' }];
    gateway = await serve({ rehearsal: quick, transcripts: 'P30D', tasks, telemetry });
    await speak(gateway.url, { traceparent });
    const http = gateway.url.replace('ws', 'http');
    const answer = await fetch(`${http}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer any', traceparent },
      body: JSON.stringify({ model: 'any', messages: [{ role: 'user', content: 'secret words' }] }),
    });
    expect(answer.status).toBe(200);
    const spans = await collector.until(
      (all) =>
        ['session gpt-realtime-2.1', 'task summary'].every((name) => named(all, name)) &&
        all.filter(({ kind }) => kind === 'client').length >= 4,
    );
    expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
    const session = named(spans, 'session gpt-realtime-2.1');
    expect(session).toMatchObject({
      ...{ kind: 'server', status: 'unset', parentSpanId: spanId },
      attributes: {
        'gen_ai.conversation.id': id,
        'gen_ai.realtime_session.id': id,
        'trunkline.route': '/v1/realtime',
        'trunkline.turns': 1,
        'trunkline.close.reason': 'client-closed',
        'trunkline.rehearsal': true,
      },
    });
    const turn = named(spans, 'turn');
    expect(turn).toMatchObject({ parentSpanId: session?.spanId, attributes: { 'trunkline.turn': 1 } });
    expect(turn?.events.map(({ name }) => name)).toEqual(['speech_end', 'first_audio']);
    const said = named(spans, 'realtime_inference gpt-realtime-2.1');
    expect(said).toMatchObject({
      ...{ kind: 'client', parentSpanId: turn?.spanId },
      attributes: {
        'gen_ai.operation.name': 'realtime_inference',
        'gen_ai.provider.name': 'openai',
        'gen_ai.output.type': 'speech',
      },
    });
    expect(said?.attributes['gen_ai.usage.audio.output_tokens']).toBeGreaterThan(0);
    expect(said?.startedAt).toBe(turn?.events[1]?.at);
    const task = named(spans, 'task summary');
    expect(task).toMatchObject({ parentSpanId: session?.spanId, attributes: { 'trunkline.task.state': 'done' } });
    const calls = spans.filter(({ name }) => name === 'call rehearsal');
    expect(calls.map((call) => call.parentSpanId).sort()).toEqual([spanId, task?.spanId].sort());
    for (const call of calls)
      expect(spans.some((span) => span.kind === 'client' && span.parentSpanId === call.spanId)).toBe(true);
    expect(JSON.stringify(spans)).not.toContain('secret words');
    const shown = (await (
      await fetch(`${http}/v1/sessions/${id}`, { headers: { authorization: 'Bearer any' } })
    ).json()) as {
      ledger: { trace?: string }[];
    };
    expect(shown.ledger.map(({ trace }) => trace)).toEqual(shown.ledger.map(() => traceId));
    const typeOf = (metric: string) => collector.metrics.find(({ name }) => name === metric)?.type;
    // Those of a gateway process come by way of the side process, in whichever order both are told.
    await collector.until(() =>
      ['trunkline_sessions_opened_total', 'trunkline_side_attempts_total'].every((name) => typeOf(name) === 'sum'),
    );
  });
});

describe('sessions that end together', () => {
  test('are read before telemetry ends, and those beyond a thousand are counted', async () => {
    const collector = await otlpCollector();
    const registry = new Registry();
    const config = { telemetry: exportedTo(collector) };
    const telemetry = new Telemetry({ config, log: silent, metrics: { registry }, instance: 'one' });
    const read = Promise.withResolvers<void>();
    const store = {
      async session(name: string) {
        await read.promise;
        return { ...aSession(name), startedAt: 1, endedAt: 2, reason: 'client-closed', trace: traceparent };
      },
      turns: async () => [],
    };
    const take = createSessionSpans({ telemetry, store, log: silent });
    take(
      Array.from({ length: 1003 }, (_, number) => ({
        id: `s${number}`,
        endedAt: 2,
        reason: 'client-closed',
        record: undefined,
      })),
    );
    const closed = telemetry.close(20_000);
    read.resolve();
    await closed;
    expect(collector.spans).toHaveLength(1000);
    const { values = [] } = (await registry.getSingleMetric('trunkline_telemetry_spans_total')?.get()) ?? {};
    expect(values.find(({ labels }) => labels.outcome === 'queue_full')?.value).toBe(3);
  });
});

describe('the spans of a session', () => {
  const turn = (number: number, more: Partial<StoredTurn> = {}): StoredTurn => ({
    ...{ session: 's', number, startedAt: number * 1000, endedAt: number * 1000 + 900 },
    ...{ user: 'asked', assistant: 'said', isInterrupted: false, ...more },
  });
  const record = {
    model: 'gpt-realtime-2.1-2026',
    costMicroUsd: 2500,
    closeCode: 4502,
    timeline: [
      { at: 990, kind: 'dial', ms: 12, connection: 'cold' },
      { at: 1500, kind: 'reply', ms: 200, began: 'audio', since: 'speech' },
      { at: 1900, kind: 'tool', name: 'get_weather', call: 'c1' },
      { at: 1900, kind: 'usage', usage: { inputTokens: 10, outputTokens: 5 } },
      { at: 2500, kind: 'reply', ms: 100, began: 'text', since: 'request' },
      { at: 5000, kind: 'close', by: 'gateway', reason: 'budget-reached', words: 'secret words' },
    ],
  };
  const spansOf = (more: object = {}, hasContent = false) =>
    spansOfSession(
      {
        session: { ...aSession('s'), startedAt: 900, ...more },
        end: { id: 's', endedAt: 5000, reason: 'provider-lost', record: JSON.stringify(record) },
        turns: [turn(1), turn(2, { isInterrupted: true })],
      },
      { sample: 1, hasContent },
    );

  test('are the same whoever makes them, and have ids of their own', () => {
    const spans = spansOf();
    expect(spansOf()).toEqual(spans);
    expect(new Set(spans.map(({ context }) => context.spanId)).size).toBe(spans.length);
    expect(spans.map(({ name }) => name)).toEqual([
      ...[expect.stringContaining('session'), expect.stringContaining('dial')],
      ...['turn', 'realtime_inference gpt-realtime-2.1-2026', 'turn', 'realtime_inference gpt-realtime-2.1-2026'],
    ]);
    expect(spans[0]).toMatchObject({ error: 'provider-lost', attributes: { 'trunkline.session.cost': 0.0025 } });
    expect(spans[2]?.events).toMatchObject([
      { name: 'speech_end', at: 1300 },
      { name: 'first_audio', at: 1500 },
      { name: 'tool_call', at: 1900, attributes: { 'gen_ai.tool.name': 'get_weather', 'gen_ai.tool.call.id': 'c1' } },
    ]);
    expect(spans[3]?.attributes).toMatchObject({ 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 5 });
    expect(spans[4]).toMatchObject({
      attributes: { 'trunkline.interrupted': true },
      events: [{ name: 'first_text' }, { name: 'interrupted' }],
    });
  });

  test('have the words of turns where that is asked for, but never those of a regulated session, or of a close', () => {
    expect(JSON.stringify(spansOf())).not.toMatch(/asked"|said"|secret words/);
    expect(JSON.stringify(spansOf({}, true))).toContain('asked');
    expect(JSON.stringify(spansOf({ dataClass: 'regulated' }, true))).not.toMatch(/asked"|said"|secret words/);
  });

  test('are one alone for a session that left no record', () => {
    const spans = spansOfSession(
      { session: aSession('s'), end: { id: 's', endedAt: 5000, reason: 'recovered', record: undefined }, turns: [] },
      { sample: 1, hasContent: false },
    );
    expect(spans).toMatchObject([{ error: 'recovered', kind: 'server' }]);
  });
});
