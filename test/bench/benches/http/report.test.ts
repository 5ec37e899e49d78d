// The http bench: autocannon's process against a server of the test, and what is said of its runs.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import type { EndpointRun } from '../../../../bench/benches/http/data.ts';
import type { AutocannonMethods } from '../../../../bench/benches/http/process.ts';
import { describeHttp } from '../../../../bench/benches/http/report.ts';
import { createHistogram, encodeHistogram, percentilesMs, recordNs } from '../../../../bench/figures/histogram.ts';
import { startRpcProcess } from '../../../../bench/machine/rpc.ts';

const cannon = startRpcProcess<AutocannonMethods>(
  new URL('../../../../bench/benches/http/process.ts', import.meta.url),
);
afterAll(() => cannon.stop());

test('every answer is counted by its status, and takes no less than its server took', async () => {
  const authorizations = new Set<string | undefined>();
  let asked = 0;
  const server = createServer(async (request, response) => {
    authorizations.add(request.headers.authorization);
    asked += 1;
    await delay(20);
    response.writeHead(404).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
  const run = await cannon.load({
    url,
    headers: { authorization: 'Bearer x' },
    connections: 3,
    ms: 300,
  });
  server.close();
  server.closeAllConnections();
  const { p50, count } = percentilesMs(run.latency);
  expect([...authorizations]).toEqual(['Bearer x']);
  expect(Object.keys(run.statuses)).toEqual(['404']);
  expect(count).toBe(run.statuses[404]);
  // Requests that were under way at the end have no answer.
  expect(asked - count).toBeLessThanOrEqual(3);
  // Timers of Node may be early by the part of a millisecond.
  expect(p50).toBeGreaterThanOrEqual(19);
});

test('requests per second and percentiles are those of the runs, and faults are noted', () => {
  const latency = createHistogram();
  for (let ms = 1; ms <= 100; ms += 1) recordNs(latency, ms * 1e6);
  const run: EndpointRun = {
    seconds: 2,
    errors: 1,
    statuses: { 200: 95, 503: 5 },
    latency: encodeHistogram(latency),
    cpuUs: 40,
  };
  const endpoint = { id: 'some', title: 'admin /some', status: 200 };
  const result = describeHttp([endpoint], new Map([['some', [run, { ...run, seconds: 4 }]]]));
  const [title, rate, p50, , p99, , requests, cpu] = result.tables[0]?.rows[0] ?? [];
  expect([title, rate, requests, cpu]).toEqual(['admin /some', 37.5, 200, 40]);
  expect([p50, p99].map((ms) => Math.round(ms as number))).toEqual([50, 99]);
  expect(result.measures.find(({ id }) => id === 'http.rate.some')?.rounds).toEqual([50, 25]);
  expect(result.notes).toEqual([
    'admin /some: 2 requests without an answer',
    'admin /some: 10 answers with another status than 200',
  ]);
});
