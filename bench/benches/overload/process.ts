// The crowd of the overload, in its own process: asks for sessions at a rate, holds those that it gets for a moment, and times the refusals.

import { connect } from 'node:net';
import { upgradeRequest } from '../../../server/transport/upgrade.ts';
import { createHistogram, encodeHistogram, recordNs } from '../../figures/histogram.ts';
import { nowNs } from '../../load/wire.ts';
import { serveMethods } from '../../machine/rpc.ts';

interface Crowd {
  /** ws: */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly perSecond: number;
  readonly holdMs: number;
}

/** `refusals`: from the first byte toward the gateway to its whole answer; histogram in nanoseconds, compressed base64. */
export interface CrowdSeen {
  readonly asked: number;
  readonly admitted: number;
  readonly refused: number;
  /** Refusals without a `Retry-After`, other answers than 101, 429 and 503, and connections that broke. */
  readonly faults: number;
  readonly refusals: string;
}

const TICK_MS = 5;

let crowd: Crowd | undefined;
let beganAt = 0;
let histogram = createHistogram();
let seen = { asked: 0, admitted: 0, refused: 0, faults: 0 };
setInterval(tick, TICK_MS);

const methods = {
  begin(asked: Crowd): void {
    [crowd, beganAt, histogram] = [asked, performance.now(), createHistogram()];
    seen = { asked: 0, admitted: 0, refused: 0, faults: 0 };
  },
  /** Asks no more. Gives what happened since `begin`. */
  end(): CrowdSeen {
    crowd = undefined;
    return { ...seen, refusals: encodeHistogram(histogram) };
  },
};
export type CrowdMethods = typeof methods;
serveMethods(methods);

/** Keeps to the schedule, whatever becomes of those who asked before. */
function tick(): void {
  if (crowd === undefined) return;
  const due = Math.floor(((performance.now() - beganAt) / 1000) * crowd.perSecond);
  for (; seen.asked < due; seen.asked += 1) ask(crowd);
}

function ask({ url, headers, holdMs }: Crowd): void {
  const { hostname, port, pathname, search } = new URL(url);
  const all = { host: hostname, ...headers, ...upgradeRequest([]).headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const [own, times] = [seen, histogram];
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let answer = '';
  let isAdmitted = false;
  const from = nowNs();
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    if (isAdmitted) return;
    answer += chunk.toString('latin1');
    if (!answer.startsWith('HTTP/1.1 101')) return;
    isAdmitted = true;
    own.admitted += 1;
    setTimeout(() => socket.destroy(), holdMs);
  });
  socket.on('close', () => {
    if (isAdmitted) return;
    const isRefusal = /^HTTP\/1\.1 (?:429|503) .*\r\nretry-after: \d+\r\n/is.test(answer);
    own[isRefusal ? 'refused' : 'faults'] += 1;
    if (isRefusal) recordNs(times, nowNs() - from);
  });
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`);
}
