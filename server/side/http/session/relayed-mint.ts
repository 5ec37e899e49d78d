// Asks a provider for a session that only it can make, with the credential of the account, and puts a URL of the gateway in the place of the provider's.
// Rule: the provider's URL opens the session by itself, so that it reaches nobody, and is kept sealed with the client secret that stands for it.

import { request } from 'undici';
import type { RelayedMint } from '../../../../adapters/realtime/contract/mint.ts';
import type { Provider } from '../../../../adapters/realtime/contract.ts';
import { upstreamOf } from '../../../../adapters/realtime/index.ts';
import type { HttpReply } from '../../../../adapters/realtime/refusal.ts';
import { isObject, type JsonObject, parseJson } from '../../../../codecs/json/object.ts';
import type { Config, ProviderConfig } from '../../../config/config.ts';
import { FORWARD_CLIENT } from '../../../config/file/words.ts';
import type { HttpProblem } from '../../../http/problem.ts';
import { masked } from '../../../http/reply.ts';
import { isTimeout } from '../../../platform/deadline.ts';
import { publicAgent, readWithin } from '../../../platform/outbound/outbound-agent.ts';
import type { RoutedRequest } from '../handler.ts';

/** Longest wait for the provider's whole answer: the head of ours is waited for no longer than that of any other. */
const ANSWER_MS = 4000;
const MAX_REPLY_BYTES = 1024 * 1024;

/** The session that the provider made, and the URL of its socket. */
interface RelayedSession {
  readonly status: number;
  readonly body: JsonObject;
  readonly url: string;
}

interface Asked {
  readonly provider: Provider;
  readonly mint: RelayedMint;
  /** The path that is asked for, without the name of the account. */
  readonly path: string;
  /** The body without what is for the gateway alone. */
  readonly body: JsonObject;
}

/** Returns the provider's own answer where that is no session, and a problem where there is none. */
export async function relayMint(
  { provider, mint, path, body }: Asked,
  { query, signal }: Pick<RoutedRequest, 'query' | 'signal'>,
  { providers, proxy }: Pick<Config, 'providers' | 'proxy'>,
): Promise<RelayedSession | { readonly reply: HttpReply } | HttpProblem> {
  const account = providers[provider.name];
  const { apiKey: credential } = account ?? {};
  if (account === undefined || credential === undefined || credential === FORWARD_CLIENT)
    return notConfigured(provider);
  const { url, headers } = upstreamFor(provider, mint, { path, account, credential, query });
  const dispatcher = publicAgent({ allowPrivate: account.allowPrivate, connectMs: ANSWER_MS, proxy });
  try {
    const answer = await request(url, {
      method: 'POST',
      dispatcher,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
    });
    const bytes = await readWithin(answer.body, MAX_REPLY_BYTES);
    if (bytes === undefined) return broken(provider, `expected at most ${MAX_REPLY_BYTES} bytes`);
    const { statusCode: status } = answer;
    if (status < 200 || status > 299) return { reply: masked(refusalOf(status, answer.headers, bytes), credential) };
    return sessionIn(bytes, { status, provider, mint, account });
  } catch (error) {
    if (signal.aborted) throw error;
    return unreached(provider, error);
  } finally {
    void dispatcher.destroy();
  }
}

interface Upstream {
  readonly path: string;
  readonly account: ProviderConfig;
  readonly credential: string;
  readonly query: Readonly<Record<string, string>>;
}

/** Passes on of the client's query what the mint declares: the rest may be a credential, or the id of a session that another key has made. */
function upstreamFor(
  provider: Provider,
  { relay }: RelayedMint,
  { path, account, credential, query: given }: Upstream,
) {
  const query = new URLSearchParams(Object.entries(given).filter(([name]) => relay.parameters?.includes(name)));
  const handshake = { path, rawQuery: String(query) || undefined, query, headers: {}, protocols: [] };
  const { url, headers } = upstreamOf(provider, {}, handshake, { ...account, path: undefined, credential });
  return { url: url.replace(/^ws/, 'http'), headers };
}

/** Headers of the provider that mean something to a client of the gateway. */
const SHOWN_HEADERS = ['content-type', 'retry-after'];

function refusalOf(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: Buffer,
): HttpReply {
  const shown = SHOWN_HEADERS.flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return { status, headers: { 'cache-control': 'no-store', ...Object.fromEntries(shown) }, body };
}

function sessionIn(
  bytes: Buffer,
  of: { status: number; provider: Provider; mint: RelayedMint; account: ProviderConfig },
): RelayedSession | HttpProblem {
  const { status, provider, mint, account } = of;
  const { urlField } = mint.relay;
  const body = parseJson(bytes.toString());
  const url = isObject(body) ? body[urlField] : undefined;
  if (!isObject(body) || typeof url !== 'string' || !isSocketUrl(url, account.allowPrivate))
    return broken(provider, `expected the URL of a WebSocket as ${urlField}`);
  return { status, body, url };
}

function isSocketUrl(url: string, allowPrivate: boolean): boolean {
  const { protocol } = URL.parse(url) ?? {};
  return protocol === 'wss:' || (allowPrivate && protocol === 'ws:');
}

/** The answer with a URL in the place of the provider's, wherever that stands in it. */
export function rewritten({ body, url }: RelayedSession, { relay }: RelayedMint, own: string): Buffer {
  const text = JSON.stringify({ ...body, [relay.urlField]: own });
  return Buffer.from(text.replaceAll(JSON.stringify(url).slice(1, -1), JSON.stringify(own).slice(1, -1)));
}

const notConfigured = ({ name }: Provider): HttpProblem => ({
  status: 503,
  code: 'provider_not_configured',
  message: `${name} makes sessions with an apiKey of the gateway's own alone; expected providers.${name}.apiKey`,
});

const broken = ({ name }: Provider, expected: string): HttpProblem => ({
  status: 502,
  code: 'upstream_refused',
  message: `the answer of ${name} is none that makes a session: ${expected}`,
});

const unreached = ({ name }: Provider, error: unknown): HttpProblem => ({
  status: isTimeout(error) ? 504 : 502,
  code: isTimeout(error) ? 'upstream_timeout' : 'upstream_unreachable',
  message: `${name} gave no answer`,
  shouldRetry: true,
});
