// The one function that opens a provider socket: deadline, no redirects.

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Upstream } from '../../adapters/realtime/contract.ts';
import type { HttpReply, Refusal } from '../../adapters/realtime/refusal.ts';
import type { Limits } from '../config/config.ts';
import { isOutOfDescriptors, outOfDescriptors } from '../http/connection/descriptors.ts';
import { http } from '../platform/http.ts';
import { ProxyError } from '../platform/outbound/tunnel.ts';
import { PrivateAddressError } from '../platform/private-address.ts';
import { type ConnectOptions, connect } from './connect.ts';
import { upgradeRequest } from './upgrade.ts';
import { isRelayable, UpgradeResponseReader } from './upgrade-response.ts';

/** The signal is aborted when the client is gone. */
export interface DialOptions extends ConnectOptions {
  readonly upstream: Upstream;
  readonly limits: Limits;
}

interface DialState {
  /** A connection that was opened ahead; undefined: a new one is opened. */
  readonly connection?: Socket | undefined;
  /** Part of the deadline that has passed already. */
  readonly spentMs?: number;
}

/** A provider socket behind its 101 (nothing reads it yet), the provider's own refusal to relay, or ours. */
export type DialOutcome =
  | { readonly kind: 'open'; readonly socket: Socket }
  | { readonly kind: 'refused'; readonly reply: HttpReply }
  | { readonly kind: 'failed'; readonly refusal: Refusal };

/** Rejects only for a header that HTTP cannot carry. */
export async function dial(options: DialOptions, { connection, spentMs = 0 }: DialState = {}): Promise<DialOutcome> {
  const { upstream, limits, signal } = options;
  const upgrade = upgradeRequest(upstream.subprotocols);
  const head = requestHead(upstream.url, { ...upstream.headers, ...upgrade.headers });
  const deadlineAt = performance.now() + limits.dialMs - spentMs;
  const socket = connection ?? (await connectBefore(deadlineAt, options));
  return 'kind' in socket ? socket : upgradeOn(socket, { head, deadlineAt, faultIn: upgrade.faultIn, limits, signal });
}

/** Connects by a time on the clock of `performance`. */
export async function connectBefore(
  deadlineAt: number,
  options: ConnectOptions & { readonly upstream: Pick<Upstream, 'url'>; readonly limits: Pick<Limits, 'dialMs'> },
): Promise<Socket | Extract<DialOutcome, { readonly kind: 'failed' }>> {
  const deadline = AbortSignal.timeout(Math.max(0, Math.ceil(deadlineAt - performance.now())));
  try {
    return await connect(new URL(options.upstream.url), {
      ...options,
      signal: AbortSignal.any([options.signal, deadline]),
    });
  } catch (error) {
    if (options.signal.aborted) return failed(clientLeft());
    if (isOutOfDescriptors(error)) return failed(outOfDescriptors);
    return failed(deadline.aborted ? timedOut(options.limits.dialMs) : brokeOff(error as Error));
  }
}

interface UpgradeOptions extends Pick<DialOptions, 'limits' | 'signal'> {
  readonly head: string;
  /** On the clock of `performance`. */
  readonly deadlineAt: number;
  readonly faultIn: ReturnType<typeof upgradeRequest>['faultIn'];
}

function upgradeOn(
  socket: Socket,
  { head, deadlineAt, faultIn, limits, signal }: UpgradeOptions,
): Promise<DialOutcome> {
  const { promise, resolve } = Promise.withResolvers<DialOutcome>();
  const fail = (refusal: Refusal): void => settle(failed(refusal));
  const onAbort = (): void => fail(clientLeft());
  const onError = (error: Error): void => fail(brokeOff(error));
  socket.on('error', onError);
  signal.addEventListener('abort', onAbort, { once: true });
  const response = new UpgradeResponseReader(socket, {
    switched(headers) {
      const fault = faultIn(headers);
      if (fault === undefined) settle({ kind: 'open', socket });
      else fail(notWebSocket(fault));
    },
    refused: (reply) => settle(relayable(reply)),
    failed: onError,
  });
  const deadline = setTimeout(() => {
    // A refusal whose body never ends is relayed as far as it came.
    if (!response.truncate()) fail(timedOut(limits.dialMs));
  }, deadlineAt - performance.now());

  let settled = false;
  function settle(outcome: DialOutcome): void {
    if (settled) return;
    settled = true;
    clearTimeout(deadline);
    signal.removeEventListener('abort', onAbort);
    socket.off('error', onError);
    response.stop();
    if (outcome.kind !== 'open') socket.destroy();
    resolve(outcome);
  }

  socket.write(head, 'latin1');
  if (signal.aborted) onAbort();
  return promise;
}

/** The part of a URL ahead of its request target, as `URL` writes it. */
const ORIGIN = /^wss?:\/\/([^/?]+)/;

/** Writes the target in the bytes of the URL, which `URL` would change. Throws for a header that HTTP cannot carry. */
function requestHead(url: string, headers: Readonly<Record<string, string>>): string {
  const [origin = '', host = ''] = ORIGIN.exec(url) ?? [];
  let head = `GET ${url.slice(origin.length)} HTTP/1.1\r\nHost: ${host}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    http.validateHeaderValue(name, value);
    head += `${name}: ${value}\r\n`;
  }
  return `${head}\r\n`;
}

function relayable(reply: HttpReply): DialOutcome {
  if (isRelayable(reply.status)) return { kind: 'refused', reply };
  const message = `the provider answered the upgrade with HTTP ${reply.status}, expected 101`;
  return failed({ status: 502, code: 'upstream_refused', message });
}

function failed(refusal: Refusal): Extract<DialOutcome, { readonly kind: 'failed' }> {
  return { kind: 'failed', refusal };
}

const clientLeft = (): Refusal => unreachable('the client left');

/** The refusal for a connection that failed. */
export const brokeOff = (error: Error): Refusal => unreachable(describe(error));

function unreachable(cause: string): Refusal {
  return { status: 502, code: 'upstream_unreachable', message: `the provider could not be reached: ${cause}`, cause };
}

function notWebSocket(fault: string): Refusal {
  return { status: 502, code: 'upstream_refused', message: `the provider is no WebSocket server: ${fault}` };
}

function timedOut(dialMs: number): Refusal {
  return {
    status: 504,
    code: 'upstream_timeout',
    message: `the provider did not answer the upgrade within ${dialMs} ms`,
  };
}

/** Tells what went wrong, without addresses: the code of the system or of TLS where there is one. */
function describe(error: Error): string {
  if (error instanceof PrivateAddressError)
    return 'its address is private and the provider is not configured with allowPrivate';
  if (error instanceof ProxyError) return error.message;
  const code = (error as NodeJS.ErrnoException).code;
  return code ?? 'it broke off the upgrade';
}
