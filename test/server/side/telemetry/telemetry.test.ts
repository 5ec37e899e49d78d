// The way of spans to a collector that takes them, is slow, refuses them or is away, and to another one that the configuration names then.

import { Registry } from 'prom-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TelemetryConfig } from '../../../../server/config/side/telemetry-schema.ts';
import type { Attributes, TraceSpan } from '../../../../server/side/telemetry/span.ts';
import { spanText } from '../../../../server/side/telemetry/span-text.ts';
import { Telemetry } from '../../../../server/side/telemetry/telemetry.ts';
import { otlpCollector } from '../../../support/otlp-collector.ts';
import { exportedTo, silent } from '../../../support/tracing.ts';
import { until } from '../../../support/until.ts';

function started(telemetry: TelemetryConfig | undefined) {
  const registry = new Registry();
  const made = new Telemetry({ config: { telemetry }, log: silent, metrics: { registry }, instance: 'one' });
  onTestFinished(() => made.close(0));
  const counts = async () => {
    const { values } = (await registry.getSingleMetric('trunkline_telemetry_spans_total')?.get()) ?? { values: [] };
    return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]));
  };
  return { telemetry: made, counts };
}

function emit({ tracer }: Pick<Telemetry, 'tracer'>, count: number, name = 'work', attributes: Attributes = {}): void {
  for (let made = 0; made < count; made++) {
    const context = tracer?.begin(undefined);
    const at = Date.now();
    const span: Omit<TraceSpan, 'context'> = {
      ...{ name, kind: 'internal', parent: undefined, startedAt: at, endedAt: at + 1.5 },
      attributes: Object.keys(attributes).length > 0 ? attributes : { number: made, nothing: undefined },
    };
    if (context !== undefined) tracer?.end({ ...span, context });
  }
}

const none = { exported: 0, queue_full: 0, refused: 0, unsent: 0 };

describe('a collector that takes spans', () => {
  test('gets a thousand of them in a few requests, with its headers, and each has an id of its own', async () => {
    const collector = await otlpCollector();
    const { telemetry, counts } = started(exportedTo(collector, { headers: { Authorization: 'Basic of demo' } }));
    emit(telemetry, 1000);
    await telemetry.close(5000);
    expect(collector.spans).toHaveLength(1000);
    expect(collector.requests).toHaveLength(2);
    expect(collector.requests[0]).toMatchObject({
      path: '/otlp/v1/traces',
      headers: { authorization: 'Basic of demo', 'content-type': 'application/x-protobuf' },
    });
    expect(new Set(collector.spans.map(({ spanId }) => spanId)).size).toBe(1000);
    expect(new Set(collector.spans.map(({ name }) => name)).size).toBe(1);
    expect(collector.spans[999]?.attributes).toEqual({ number: 999 });
    expect(collector.spans[0]).toMatchObject({ traceId: expect.stringMatching(/^[0-9a-f]{32}$/), parentSpanId: '' });
    expect((collector.spans[0]?.endedAt ?? 0) - (collector.spans[0]?.startedAt ?? 0)).toBeCloseTo(1.5, 1);
    expect(await counts()).toEqual({ ...none, exported: 1000 });
  });

  test('may say that it left some out, which are counted', async () => {
    const collector = await otlpCollector({ rejected: 3 });
    const { telemetry, counts } = started(exportedTo(collector));
    emit(telemetry, 10);
    await telemetry.close(5000);
    expect(await counts()).toEqual({ ...none, exported: 7, refused: 3 });
  });

  test('gets those that come meanwhile together, and not each with a request of its own', async () => {
    const collector = await otlpCollector();
    const { telemetry } = started(exportedTo(collector));
    emit(telemetry, 600);
    await collector.until((spans) => spans.length === 512);
    emit(telemetry, 50);
    await collector.until((spans) => spans.length === 650);
    expect(collector.requests).toHaveLength(2);
  });

  test('may answer without an end: what it took is exported, and the rest of the answer is not read', async () => {
    const collector = await otlpCollector({ endless: 1024 * 1024 });
    const { telemetry, counts } = started(exportedTo(collector, { timeoutMs: 60_000 }));
    emit(telemetry, 1);
    await until(async () => (await counts()).exported === 1);
    collector.change({});
    emit(telemetry, 1);
    await until(async () => (await counts()).exported === 2);
  });

  test('gets spans also after one that cannot be written', async () => {
    const collector = await otlpCollector();
    const { telemetry, counts } = started(exportedTo(collector));
    const attributes = {
      get broken(): string {
        throw new Error('scripted');
      },
    };
    emit(telemetry, 1, 'broken', attributes);
    await until(async () => (await counts()).refused === 1);
    emit(telemetry, 1);
    await until(async () => (await counts()).exported === 1);
  });

  test('gets what comes later without being asked', async () => {
    const collector = await otlpCollector();
    const { telemetry } = started(exportedTo(collector));
    for (const count of [1, 2]) {
      emit(telemetry, 1);
      await collector.until((spans) => spans.length === count);
    }
  });
});

describe('a collector that does not take spans', () => {
  test('gets them when it takes them again, and those beyond the limit are dropped and counted', async () => {
    const collector = await otlpCollector({ status: 503, headers: { 'retry-after': '0' } });
    const { telemetry, counts } = started(exportedTo(collector, { queue: 600 }));
    emit(telemetry, 700, 'early');
    await until(() => collector.requests.length > 0);
    expect(await counts()).toEqual({ ...none, queue_full: 100 });
    const refused = collector.spans.length;
    collector.change({});
    await until(async () => (await counts()).exported === 600);
    expect(collector.spans.slice(refused)).toHaveLength(600);
  });

  test('holds so much text and no more', async () => {
    const collector = await otlpCollector({ status: 0 });
    const { telemetry, counts } = started(exportedTo(collector, { queue: 4096 }));
    const text = spanText([{ role: 'user', content: 'b'.repeat(100_000) }], 'an answer');
    expect([text.isCut, text.length, text.output[0]?.content]).toEqual([true, 65_536, 'an answer']);
    for (let made = 0; made < 515; made++) {
      const context = telemetry.tracer?.begin(undefined);
      const span = { name: 'call', kind: 'client', parent: undefined, startedAt: 1, endedAt: 2 } as const;
      const events = [{ name: 'said', at: 2, attributes: {}, text }];
      if (context !== undefined) telemetry.tracer?.end({ ...span, context, attributes: {}, events });
    }
    expect(await counts()).toEqual({ ...none, queue_full: 3 });
    await collector.until((spans) => spans.length > 0);
    expect(collector.spans).toHaveLength(32);
    expect(collector.spans[0]?.events[0]?.attributes).toMatchObject({ 'trunkline.cut': true });
  });

  test('loses those that it finds wrong', async () => {
    const collector = await otlpCollector({ status: 400 });
    const { telemetry, counts } = started(exportedTo(collector));
    emit(telemetry, 5);
    await telemetry.close(5000);
    expect(await counts()).toEqual({ ...none, refused: 5 });
  });

  test.each(['away', 'silent', 'private'] as const)('holds up no end of the process: %s', async (kind) => {
    const collector = await otlpCollector({ status: 0 });
    if (kind === 'away') await collector.close();
    const { telemetry, counts } = started({ ...exportedTo(collector), allowPrivate: kind !== 'private' });
    emit(telemetry, 5);
    await telemetry.close(300);
    await until(async () => (await counts()).unsent === 5);
    expect(await counts()).toEqual({ ...none, unsent: 5 });
    expect(collector.requests).toHaveLength(kind === 'silent' ? 1 : 0);
  });
});

describe('a reload', () => {
  test('sends what waits to the collector of before, and what comes then to the next one, or nowhere', async () => {
    const [one, other] = [await otlpCollector(), await otlpCollector()];
    const { telemetry } = started(exportedTo(one));
    emit(telemetry, 1, 'before');
    telemetry.use({ telemetry: exportedTo(other) });
    emit(telemetry, 1, 'after');
    await Promise.all([one.until((spans) => spans.length === 1), other.until((spans) => spans.length === 1)]);
    expect([one.spans[0]?.name, other.spans[0]?.name]).toEqual(['before', 'after']);
    telemetry.use({});
    expect(telemetry.tracer).toBeUndefined();
  });

  test('counts what comes for the collector of before when the way there is closed', async () => {
    const collector = await otlpCollector();
    const { telemetry, counts } = started(exportedTo(collector));
    const { tracer } = telemetry;
    await telemetry.close(5000);
    emit({ tracer }, 2);
    expect(await counts()).toEqual({ ...none, unsent: 2 });
  });
});
