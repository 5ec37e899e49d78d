// The spans of calls, as a collector over real HTTP decodes them: one for the call, one for each attempt, and what they tell.

import { describe, expect, test } from 'vitest';
import { readTraceParent } from '../../../../codecs/text/trace-parent.ts';
import { redactStep } from '../../../../server/side/llm/steps/redact/redact.ts';
import type { DecodedSpan } from '../../../support/otlp-collector.ts';
import { answered, call, failed, pair } from '../../../support/routing.ts';
import { tracing } from '../../../support/tracing.ts';

const prices = { first: { input: 1, output: 10 }, second: { input: 2, output: 20 } };
const client = readTraceParent('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', 'vendor=1');
const root = (spans: readonly DecodedSpan[]) => spans.find(({ name }) => name === 'call commodity');
const attempts = (spans: readonly DecodedSpan[]) => spans.filter(({ kind }) => kind === 'client');

describe('a call with a fallback', () => {
  test('is a span below that of its client, with its attempts below it in their order', async () => {
    const { targets, gateways } = await pair({ behaviour: { status: 503 } });
    const { router, flush } = await tracing({ gateways, classes: { commodity: { targets } }, prices });
    const { attempt } = answered(await router.run(call({ team: 'red', trace: client })));
    const spans = await flush();
    expect(spans).toHaveLength(3);
    expect(root(spans)).toMatchObject({
      kind: 'server',
      status: 'unset',
      traceId: client?.traceId,
      parentSpanId: client?.spanId,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'trunkline.class': 'commodity',
        'trunkline.data_class': 'open',
        'trunkline.key': 'demo',
        'trunkline.team': 'red',
        'trunkline.gateway': 'two',
        'trunkline.attempt': attempt,
      },
      resource: { 'service.name': 'trunkline', 'service.instance.id': 'one' },
    });
    const [first, second] = attempts(spans).sort((a, b) => a.startedAt - b.startedAt || a.name.localeCompare(b.name));
    for (const span of [first, second]) {
      expect([span?.traceId, span?.parentSpanId]).toEqual([client?.traceId, root(spans)?.spanId]);
      expect(span?.endedAt).toBeGreaterThanOrEqual(span?.startedAt ?? Number.NaN);
    }
    expect(first).toMatchObject({
      name: 'chat first',
      status: 'error',
      attributes: { 'error.type': 'unavailable', 'trunkline.gateway': 'one', 'trunkline.outcome': 'unavailable' },
    });
    expect(second).toMatchObject({
      name: 'chat second',
      status: 'unset',
      attributes: {
        'gen_ai.request.model': 'second',
        'gen_ai.response.model': 'second',
        'gen_ai.request.max_tokens': 100,
        'gen_ai.response.finish_reasons': ['stop'],
        'gen_ai.usage.input_tokens': 10,
        'gen_ai.usage.output_tokens': 5,
        'gen_ai.usage.cost': 0.00012,
        'trunkline.cost.source': 'estimated',
        'trunkline.path': 'routed',
        'trunkline.attempt': attempt,
        'trunkline.tried': ['one/first'],
      },
    });
  });

  test('tells each LLM gateway that routes which span its attempt is, and one that is direct nothing', async () => {
    const { a, b, targets, gateways } = await pair({ behaviour: { status: 503 } });
    const direct = { ...gateways, two: { ...gateways.two, path: 'direct' as const } };
    const { router, flush } = await tracing({ gateways: direct, classes: { commodity: { targets } }, prices });
    answered(await router.run(call({ trace: client })));
    const spans = await flush();
    const [first] = attempts(spans).filter(({ name }) => name === 'chat first');
    expect(a.seen[0]?.headers).toMatchObject({
      traceparent: `00-${client?.traceId}-${first?.spanId}-01`,
      tracestate: 'vendor=1',
    });
    expect(first?.traceState).toBe('vendor=1');
    expect(b.seen[0]?.headers).not.toHaveProperty('traceparent');
    expect(b.seen[0]?.headers).not.toHaveProperty('tracestate');
  });

  test('that fails says so in the code of its answer', async () => {
    const { targets, gateways } = await pair({ behaviour: { status: 503 } }, { behaviour: { status: 429 } });
    const { router, flush } = await tracing({ gateways, classes: { commodity: { targets } }, prices });
    const { code } = failed(await router.run(call()));
    expect(root(await flush())).toMatchObject({ status: 'error', attributes: { 'error.type': code } });
  });
});

describe('sampling', () => {
  test('goes by the client, else by the share of traces, and is told to LLM gateways all the same', async () => {
    const { a, targets, gateways } = await pair();
    const { router, flush } = await tracing({ gateways, classes: { commodity: { targets } }, prices }, { sample: 0 });
    await router.run(call());
    await router.run(call({ trace: client }));
    await router.run(call({ trace: client && { ...client, isSampled: false } }));
    const spans = await flush();
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([client?.traceId]));
    expect(spans).toHaveLength(2);
    expect(a.seen.map(({ headers }) => String(headers.traceparent).slice(-2))).toEqual(['00', '01', '00']);
  });
});

describe('the words of both sides', () => {
  const written = async () => {
    const { targets, gateways } = await pair();
    const direct = { one: { ...gateways.one, path: 'direct' as const } };
    return { gateways: direct, classes: { commodity: { targets: targets.slice(0, 1) } }, prices };
  };

  test('are in no span by default', async () => {
    const { router, flush } = await tracing(await written());
    await router.run(call());
    const spans = await flush();
    expect(JSON.stringify(spans)).not.toMatch(/What was said|A scripted answer/);
    expect(spans.flatMap(({ events }) => events)).toEqual([]);
  });

  test('are an event of each attempt where that is asked for, but never where the text is regulated', async () => {
    const { router, flush } = await tracing(await written(), { content: true });
    await router.run(call());
    await router.run(call({ dataClass: 'regulated' }));
    const spans = await flush();
    expect(spans).toHaveLength(4);
    const events = spans.flatMap((span) =>
      span.events.map((event) => ({ ...event, dataClass: span.attributes['trunkline.data_class'] })),
    );
    expect(events).toEqual([
      {
        name: 'gen_ai.client.inference.operation.details',
        at: expect.any(Number),
        dataClass: 'open',
        attributes: {
          'gen_ai.input.messages': JSON.stringify([
            { role: 'user', parts: [{ type: 'text', content: 'What was said?' }] },
          ]),
          'gen_ai.output.messages': JSON.stringify([
            { role: 'assistant', parts: [{ type: 'text', content: 'A scripted answer.' }] },
          ]),
        },
      },
    ]);
  });

  test('have placeholders in the place of words that a class redacts, in what was asked and answered', async () => {
    const { targets, gateways } = await pair({ behaviour: { text: 'I wrote to [email-1].' } });
    const classes = { commodity: { targets, redact: ['email' as const] } };
    const { router, flush } = await tracing({ gateways, classes, prices }, { content: true }, [redactStep]);
    const messages = [{ role: 'user', content: 'Write to ada@example.com' }];
    const asked = call();
    const outcome = answered(await router.run({ ...asked, llm: { ...asked.llm, messages } }));
    expect(outcome.text).toBe('I wrote to ada@example.com.');
    const spans = await flush();
    expect(JSON.stringify(spans)).not.toContain('ada@');
    const [event] = attempts(spans).flatMap(({ events }) => events);
    expect(event?.attributes).toEqual({
      'gen_ai.input.messages': JSON.stringify([
        { role: 'user', parts: [{ type: 'text', content: 'Write to [email-1]' }] },
      ]),
      'gen_ai.output.messages': JSON.stringify([
        { role: 'assistant', parts: [{ type: 'text', content: 'I wrote to [email-1].' }] },
      ]),
    });
    expect(attempts(spans)[0]?.attributes['trunkline.redacted']).toBeDefined();
  });
});
