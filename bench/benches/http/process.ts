// autocannon in a process of its own. Its own histogram counts whole milliseconds, so the times are kept here.

import autocannon from 'autocannon';
import { createHistogram, encodeHistogram, recordNs } from '../../figures/histogram.ts';
import { serveMethods } from '../../machine/rpc.ts';
import type { HttpLoad, HttpRun } from './data.ts';

const LOOK_MS = 50;

const methods = {
  async load({ url, headers, body, connections, ms }: HttpLoad): Promise<HttpRun> {
    const latency = createHistogram();
    const statuses: Record<string, number> = {};
    const running = autocannon({
      ...{ url, headers, connections, duration: ms / 1000, sampleInt: LOOK_MS },
      ...(body !== undefined && { method: 'POST', body }),
    });
    running.on('response', (_client: unknown, status: number, _bytes: number, tookMs: number) => {
      statuses[status] = (statuses[status] ?? 0) + 1;
      recordNs(latency, tookMs * 1e6);
    });
    const { duration, errors } = await running;
    return { seconds: duration, errors, statuses, latency: encodeHistogram(latency) };
  },
};
export type AutocannonMethods = typeof methods;
serveMethods(methods);
