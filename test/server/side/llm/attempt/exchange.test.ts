// Streamed answers: what the client sees of them, and what is charged when they break off.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { answered, call, collector, failed, pair, routing } from '../../../../support/routing.ts';
import { until } from '../../../../support/until.ts';

const prices = { first: { input: 1, output: 10 }, second: { input: 2, output: 20 } };

describe('a stream', () => {
  const stream = (more: Parameters<typeof call>[0] = {}) => call({ ...more, llm: { isStreamed: true, ...more.llm } });

  test('flows to the client as it arrives, and ends with [DONE]', async () => {
    const { targets, gateways } = await pair({ behaviour: { everyMs: 5, pieces: 4 } });
    const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
    const sink = collector();
    const outcome = answered(await router.run(stream(), sink));
    expect(sink.heads).toMatchObject([{ gateway: 'one', model: 'first', attempt: outcome.attempt }]);
    expect(sink.text().match(/^data: /gm)).toHaveLength(4 + 1 + 1);
    expect(sink.text()).toMatch(/data: \[DONE\]\n\n$/);
    expect(outcome).toMatchObject({ text: 'A scripted answer.', finish: 'stop', completion: {} });
    const [row] = await store.settled();
    expect(row).toMatchObject({ usage: { inputTokens: 10 }, costMicroUsd: 60, outcome: 'ok' });
    expect(row?.firstTokenMs).toBeLessThan(row?.latencyMs ?? 0);
  });

  test('goes on at another target when it fails before its first byte; the client sees one answer', async () => {
    const { targets, gateways } = await pair({ behaviour: { errorAfter: 0 } });
    const { router, store } = routing({ gateways, classes: { commodity: { targets } } });
    const sink = collector();
    expect(answered(await router.run(stream(), sink)).gateway).toBe('two');
    expect(sink.heads).toHaveLength(1);
    expect((await store.settled()).map(({ outcome }) => outcome)).toEqual(['unavailable', 'ok']);
  });

  test('goes to no other target when it breaks off after its first byte, and is charged', async () => {
    for (const behaviour of [
      { breakAfter: 2, everyMs: 30 },
      { errorAfter: 2, everyMs: 30 },
    ]) {
      const { b, targets, gateways } = await pair({ behaviour });
      const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
      const sink = collector();
      expect(failed(await router.run(stream(), sink))).toMatchObject({
        code: 'upstream_failed',
        isTransient: true,
      });
      expect(sink.text()).toContain('A scri');
      expect(sink.text()).not.toContain('[DONE]');
      expect(b.count.requests).toBe(0);
      const [row, ...others] = await store.settled();
      expect(others).toEqual([]);
      expect(row).toMatchObject({ outcome: 'broken_off', isFlagged: true, served: 'first', costSource: 'estimated' });
      // The prompt at 1 USD, and at most 3 tokens of the 100 that were reserved at 10 USD.
      expect(row?.usage.outputTokens).toBeGreaterThan(0);
      expect(row?.usage.outputTokens).toBeLessThan(4);
      expect(row?.costMicroUsd).toBe((row?.usage.inputTokens ?? 0) + 10 * (row?.usage.outputTokens ?? 0));
      expect([...store.budgets.values()].every(({ reservedMicroUsd }) => reservedMicroUsd === 0)).toBe(true);
    }
  });

  test('goes on at another target after comments alone, which reach the client as they come', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': PROCESSING\n\n');
      setTimeout(() => response.end('data: {"error":{"code":502}}\n\n'), 100);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const one = { profile: 'openai-compatible', baseUrl, apiKey: 'x', allowPrivate: true } as const;
    const { targets, gateways } = await pair();
    const { router } = routing({ gateways: { ...gateways, one }, classes: { commodity: { targets } } });
    const sink = collector();
    expect(answered(await router.run(stream(), sink)).gateway).toBe('two');
    expect(sink.comments).toEqual([': PROCESSING\n\n']);
    expect(sink.heads).toMatchObject([{ gateway: 'two' }]);
    expect(sink.text()).not.toContain('PROCESSING');
    server.close();
  });

  test('that names no model is charged for what it said before it failed', async () => {
    const chunk = 'data: {"choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n';
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk);
      setTimeout(() => response.end('data: {"error":{"code":500}}\n\n'), 20);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const one = { profile: 'openai-compatible', baseUrl, apiKey: 'x', allowPrivate: true } as const;
    const classes = { commodity: { targets: [{ gateway: 'one', model: 'first' }] } };
    const { router, store } = routing({ gateways: { one }, classes, prices });
    const sink = collector();
    expect(failed(await router.run(stream(), sink)).code).toBe('upstream_failed');
    expect(sink.text()).toContain('"content":"Hello"');
    const [row] = await store.settled();
    expect(row).toMatchObject({ outcome: 'broken_off', isFlagged: true });
    expect(row?.costMicroUsd).toBeGreaterThan(0);
    server.close();
  });

  test('that flows is cut by neither limit of time, however long it takes', async () => {
    const { targets, gateways } = await pair({ behaviour: { everyMs: 100, pieces: 18 } });
    const classes = { commodity: { targets: targets.slice(0, 1), timeoutMs: 700, deadlineMs: 900 } };
    const { router, store } = routing({ gateways, classes, prices });
    expect(answered(await router.run(stream(), collector())).text).toBe('A scripted answer.');
    const [row] = await store.settled();
    expect(row).toMatchObject({ outcome: 'ok', isFlagged: false });
    expect(row?.latencyMs).toBeGreaterThan(900);
  });

  test.each([
    ['timeoutMs', { timeoutMs: 300, deadlineMs: 60_000 }, 'broken_off'],
    ['deadlineMs', { timeoutMs: 60_000, deadlineMs: 300 }, 'timeout'],
  ] as const)('that stalls is ended after %s', async (_, limits, outcome) => {
    const { targets, gateways } = await pair({ behaviour: { everyMs: 2000, pieces: 3 } });
    const classes = { commodity: { targets: targets.slice(0, 1), ...limits } };
    const { router, store } = routing({ gateways, classes, prices });
    const sink = collector();
    expect(failed(await router.run(stream(), sink)).code).toBe('upstream_timeout');
    expect(sink.heads).toHaveLength(1);
    expect(await store.settled()).toMatchObject([{ outcome }]);
  });

  test('is cancelled at the gateway and charged when its client leaves', async () => {
    const { a, targets, gateways } = await pair({ behaviour: { everyMs: 20, pieces: 18 } });
    const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
    const client = new AbortController();
    const sink = collector();
    const outcome = router.run(stream({ signal: client.signal }), sink);
    await until(() => sink.text().includes('scripted'.slice(0, 1)));
    client.abort();
    expect(failed(await outcome).code).toBe('cancelled');
    await until(() => a.count.cancelled === 1);
    const [row] = await store.settled();
    expect(row).toMatchObject({ outcome: 'cancelled', isFlagged: true });
    expect(row?.costMicroUsd).toBe((row?.usage.inputTokens ?? 0) + 10 * (row?.usage.outputTokens ?? 0));
    expect(row?.usage.outputTokens).toBeLessThan(6);
  });
});
