// Sends what is exported to the collector, one request after the other as its callers do. Rule: it is dialled like every other outside address:
// private ones only where the configuration allows it, through the proxies of the environment, redirects not followed.

import { request } from 'undici';
import type { TelemetryConfig } from '../../config/side/telemetry-schema.ts';
import { faultCode, publicAgent, readWithin, waitOf } from '../../platform/outbound/outbound-agent.ts';
import type { ProxySettings } from '../../platform/outbound/proxy.ts';

/** `later`: it may take the same again; `refused`: it never will. `fault` says for the log what went wrong. */
export type Posted =
  | { readonly kind: 'taken'; readonly answer: Uint8Array }
  | { readonly kind: 'later'; readonly fault: string; readonly afterMs?: number | undefined }
  | { readonly kind: 'refused'; readonly fault: string };

/** The answers after which a request is sent again, as OTLP has it. */
const LATER: readonly number[] = [429, 502, 503, 504];
const MAX_ANSWER_BYTES = 64 * 1024;

export interface Collector {
  post(signalPath: '/v1/traces' | '/v1/metrics', body: Uint8Array, signal?: AbortSignal): Promise<Posted>;
  close(): Promise<void>;
}

export function openCollector(config: TelemetryConfig, proxy: ProxySettings | undefined): Collector {
  const { otlp, headers, allowPrivate, timeoutMs } = config;
  const dispatcher = publicAgent({ allowPrivate, connectMs: timeoutMs, connections: 2, proxy });
  const base = otlp.replace(/\/+$/, '');
  return {
    async post(signalPath, body, signal) {
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await request(base + signalPath, {
          method: 'POST',
          dispatcher,
          signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
          headers: { 'user-agent': 'trunkline', ...headers, 'content-type': 'application/x-protobuf' },
          body,
        });
        const { statusCode: status } = answer;
        if (status < 200 || status >= 300) {
          void answer.body.dump({ limit: MAX_ANSWER_BYTES }).catch(() => {});
          const fault = `status_${status}`;
          if (!LATER.includes(status)) return { kind: 'refused', fault };
          return { kind: 'later', fault, afterMs: waitOf(answer.headers['retry-after']) };
        }
        // The status decides; what is said of single spans is not known of a body that breaks off or is longer.
        const said = await readWithin(answer.body, MAX_ANSWER_BYTES).catch(() => undefined);
        return { kind: 'taken', answer: said ?? new Uint8Array() };
      } catch (error) {
        return { kind: 'later', fault: faultCode(error) };
      }
    },
    close: () => dispatcher.destroy(),
  };
}
