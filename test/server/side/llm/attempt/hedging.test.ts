// Hedging: a second target beside a slow first one.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { answered, at, call, collector, gateway, pair, routing } from '../../../../support/routing.ts';
import { until } from '../../../../support/until.ts';

const prices = { first: { input: 1, output: 10 }, second: { input: 2, output: 20 } };

describe('hedging', () => {
  test('asks the next target when the first is slow; the first answer counts, and both are in the ledger', async () => {
    const { a, targets, gateways } = await pair({ behaviour: { hang: 'lost' } });
    const { router, store } = routing({ gateways, classes: { commodity: { targets, hedgeMs: 30 } }, prices });
    expect(answered(await router.run(call())).gateway).toBe('two');
    await until(() => a.count.cancelled === 1);
    const rows = await store.settled();
    expect(rows.map(({ outcome, isFlagged }) => [outcome, isFlagged])).toEqual([
      ['hedged', true],
      ['ok', false],
    ]);
    expect(rows[1]?.why).toBe('beside one/first, which was silent');
    expect(rows[0]?.costMicroUsd).toBeGreaterThan(1000);
  });

  test('asks no other target when the first is quick, or when a stream is wanted', async () => {
    const { b, targets, gateways } = await pair();
    const { router } = routing({ gateways, classes: { commodity: { targets, hedgeMs: 2000 } } });
    answered(await router.run(call()));
    const { router: eager } = routing({ gateways, classes: { commodity: { targets, hedgeMs: 1 } } });
    answered(await eager.run(call({ llm: { isStreamed: true } }), collector()));
    expect(b.count.requests).toBe(0);
  });

  test('goes on with the remaining targets when both fail', async () => {
    const slow = { behaviour: { delayMs: 60, status: 503 } };
    const { targets, gateways } = await pair(slow, slow);
    const c = await gateway();
    const { router } = routing({
      gateways: { ...gateways, three: at(c) },
      classes: { commodity: { targets: [...targets, { gateway: 'three', model: 'third' }], hedgeMs: 20 } },
    });
    expect(answered(await router.run(call())).gateway).toBe('three');
  });

  test('waits for an answer that flows, though it takes longer than hedgeMs, and asks the next when it stalls', async () => {
    const text = JSON.stringify({ choices: [{ message: { content: 'Slow but sure' }, finish_reason: 'stop' }] });
    for (const [stalls, expected] of [
      [false, 'one'],
      [true, 'two'],
    ] as const) {
      const server = await trickling({
        pieces: text.match(/.{1,12}/gs) ?? [],
        everyMs: 150,
        stallsAt: stalls ? 3 : 99,
      });
      const { b, targets, gateways } = await pair();
      const one = { ...gateways.two, baseUrl: server };
      const { router } = routing({ gateways: { one, two: at(b) }, classes: { commodity: { targets, hedgeMs: 600 } } });
      expect(answered(await router.run(call())).gateway).toBe(expected);
      expect(b.count.requests).toBe(stalls ? 1 : 0);
    }
  });

  test('asks the next target while the first sends nothing but blanks', async () => {
    const server = await trickling({ pieces: Array(100).fill(' \n'), everyMs: 20, stallsAt: 999 });
    const { b, targets, gateways } = await pair();
    const one = { ...gateways.two, baseUrl: server };
    const { router } = routing({ gateways: { one, two: at(b) }, classes: { commodity: { targets, hedgeMs: 200 } } });
    expect(answered(await router.run(call())).gateway).toBe('two');
  });
});

interface Trickle {
  readonly pieces: readonly string[];
  readonly everyMs: number;
  /** Number of pieces after which nothing more comes. */
  readonly stallsAt: number;
}

/** A target whose whole answer comes in pieces. Resolves with its base URL. */
async function trickling({ pieces, everyMs, stallsAt }: Trickle): Promise<string> {
  const server = createServer(async (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' });
    for (const [at, piece] of pieces.entries()) {
      if (at === stallsAt || response.destroyed) return;
      response.write(piece);
      await delay(everyMs);
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}
