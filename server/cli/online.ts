// Reaches what a configuration names, as `config check --online` asks for: the store, each realtime provider, each LLM gateway. Rule: nothing
// here costs anything, and no answer is shown, which may quote a credential.

import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { request } from 'undici';
import { llmProfiles } from '../../adapters/llm/index.ts';
import type { Handshake, Provider, Upstream } from '../../adapters/realtime/contract.ts';
import { basesOf, providers as realtimeProviders, upstreamOf } from '../../adapters/realtime/index.ts';
import type { Config, ProviderConfig } from '../config/config.ts';
import { FORWARD_CLIENT } from '../config/file/words.ts';
import { faultText } from '../config/problem.ts';
import type { LlmGatewayConfig } from '../config/side/llm-schema.ts';
import { AccountTokens } from '../gateway/credentials/account-tokens.ts';
import { isTimeout, withDeadline } from '../platform/deadline.ts';
import { createLog } from '../platform/log.ts';
import { publicAgent } from '../platform/outbound/outbound-agent.ts';
import { proxyFor } from '../platform/outbound/proxy.ts';
import { requireMeantAccess } from '../side/config/access.ts';
import { fetchCatalogue } from '../side/llm/catalogue/fetch.ts';
import { cataloguedGateways } from '../side/llm/catalogue/known.ts';
import { baseUrlOf } from '../side/llm/policy.ts';
import { openReader } from '../side/store/open.ts';
import { selectKeys } from '../side/store/statements/keys/keys.ts';
import { dial } from '../transport/dial.ts';

interface Reached {
  /** The path of the setting. */
  readonly name: string;
  readonly isOk: boolean;
  readonly text: string;
}

/** Longest wait for all that is asked of one of them. */
const DEADLINE_MS = 10_000;
/** Longest wait for a question whose answer only adds to what is known. */
const EXTRA_MS = 3000;

/** Asks all of them at once, and yields what became of each, in the order of the configuration. */
export async function* reachAll(config: Config): AsyncIterable<Reached> {
  const asked = [
    { name: 'store', text: reachStore(config) },
    ...Object.entries(config.providers).flatMap(([name, account]) => {
      const provider = realtimeProviders.get(account?.kind ?? name);
      return provider && account ? [{ name: `providers.${name}`, text: reachProvider(provider, account, config) }] : [];
    }),
    ...Object.entries(config.gateways).map(([name, gateway]) => ({
      name: `gateways.${name}`,
      text: reachGateway(gateway, config).then((text) => withCatalogue(text, name, config)),
    })),
  ].map(({ name, text }) => ({ name, outcome: settled(text) }));
  for (const { name, outcome } of asked) yield { name, ...(await outcome) };
}

/** Waits for words of what is well, or for an error that says what is not. */
async function settled(text: Promise<string>): Promise<Omit<Reached, 'name'>> {
  try {
    return { isOk: true, text: await withDeadline(text, DEADLINE_MS) };
  } catch (error) {
    return { isOk: false, text: isTimeout(error) ? `no answer within ${DEADLINE_MS} ms` : wordsOf(error) };
  }
}

/** The code of a connection's fault where there is one. */
function wordsOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined || code.startsWith('store_') ? message : `no connection (${code})`;
}

async function reachStore(config: Config): Promise<string> {
  const { dataDirectory, store } = config;
  const { url } = store;
  if (url === 'sqlite' && !existsSync(join(dataDirectory, 'trunkline.db'))) return newFileIn(dataDirectory);
  try {
    const database = await openReader({ url, dataDirectory });
    await requireMeantAccess(config, (page) => selectKeys(database.query, page)).finally(() => database.close());
    return 'opened, and its tables are those of this version';
  } catch (error) {
    if (/schema_version/.test((error as Error).message)) return 'opened; its tables are made at the first start';
    throw error;
  }
}

function newFileIn(directory: string): string {
  let existing = directory;
  while (!existsSync(existing)) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK);
  } catch (error) {
    throw new Error(`the data directory ${directory} cannot be written: ${faultText(error)}`);
  }
  return `it is made in ${directory} at the first start`;
}

interface Asked {
  readonly method?: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly allowPrivate: boolean;
  readonly ms?: number | undefined;
}

/** Resolves with the status of the answer. */
async function statusOf(
  { method = 'GET', allowPrivate, url, ms = DEADLINE_MS, ...rest }: Asked,
  { proxy }: Config,
): Promise<number> {
  const agent = publicAgent({ allowPrivate, connectMs: DEADLINE_MS, proxy });
  try {
    const options = { ...rest, method, dispatcher: agent, signal: AbortSignal.timeout(ms) };
    const { statusCode, body } = await request(url, options);
    body.on('error', () => {}).destroy();
    return statusCode;
  } finally {
    void agent.destroy();
  }
}

const refusedCredential = (status: number) => new Error(`the credential is refused (HTTP ${status})`);

/** Opens a session where that is free, and closes it at once; asks for what is free where time is billed. */
async function reachProvider(provider: Provider, configured: ProviderConfig, config: Config): Promise<string> {
  const account = { ...configured, apiKey: configured.apiKey ?? (await tokenOf(provider, configured, config)) };
  const { allowPrivate, apiKey } = account;
  const isForwarding = apiKey === FORWARD_CLIENT;
  const [endpoint] = provider.endpoints;
  const isFree = endpoint !== undefined && !basesOf(provider, endpoint).includes('connected-time');
  const ask = (ms?: number) => askFree(provider, account, config, ms);
  if (!isFree) return judged(await ask(), isForwarding);
  const upstream = upstreamFor(provider, account, { path: endpoint.path, rawQuery: 'model=gpt-realtime' });
  const proxy = proxyFor(new URL(upstream.url), config.proxy);
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const outcome = await dial({ upstream, limits: config.limits, allowPrivate, proxy, signal });
  if (outcome.kind === 'open') outcome.socket.destroy();
  if (outcome.kind === 'failed') throw new Error(outcome.refusal.message);
  if (outcome.kind === 'refused') return judged(outcome.reply.status, isForwarding);
  if (isForwarding) return 'a session opens';
  const status = await ask(EXTRA_MS).catch(() => 0);
  // Some take a session before they look at its credential.
  if (provider.free.refusals.includes(status)) throw refusedCredential(status);
  return 'a session opens';
}

/** Sends the request that costs nothing, with the account's `apiKey`; resolves with the status of the answer. */
export function askFree(provider: Provider, account: ProviderConfig, config: Config, ms?: number): Promise<number> {
  const { path, baseUrl, auth = account.auth } = provider.free;
  const asked = { ...account, baseUrl: account.baseUrl ?? baseUrl, auth, path: undefined };
  const { url, headers } = upstreamFor(provider, asked, { path });
  return statusOf({ url: url.replace(/^ws/, 'http'), headers, allowPrivate: account.allowPrivate, ms }, config);
}

/** Fetches the token as a session would. */
export async function tokenOf(provider: Provider, account: ProviderConfig, { log, proxy }: Config): Promise<string> {
  const tokens = new AccountTokens({ log: createLog({ ...log, level: 'silent' }), proxy, fetchMs: DEADLINE_MS });
  try {
    return await tokens.of(provider.name, { ...account, grant: provider.tokenGrant });
  } catch (error) {
    throw new Error(`no credential: ${(error as Error).message}`);
  }
}

function judged(status: number, isForwarding: boolean): string {
  if (isForwarding) return 'it answers; clients bring the credential';
  if (status === 401 || status === 403) throw refusedCredential(status);
  if (status < 300 || status === 429) return `it answers (HTTP ${status})`;
  throw new Error(`expected a session, got HTTP ${status}`);
}

function upstreamFor(
  provider: Provider,
  account: ProviderConfig,
  { path, rawQuery }: Pick<Handshake, 'path'> & { readonly rawQuery?: string },
): Upstream {
  const endpoint = provider.endpoints[0];
  if (endpoint === undefined) throw new Error('it serves nothing');
  const handshake = { path, rawQuery, query: new URLSearchParams(rawQuery), headers: {}, protocols: [] };
  return upstreamOf(provider, endpoint, handshake, { ...account, credential: account.apiKey ?? '' });
}

/** Fetches the catalogue, where one is needed; nothing is kept of it. */
async function withCatalogue(text: string, name: string, config: Config): Promise<string> {
  const gateway = cataloguedGateways(config).get(name);
  if (gateway === undefined) return text;
  try {
    const models = await fetchCatalogue({ gateway, proxy: config.proxy });
    const priced = models.filter(({ price }) => price !== undefined).length;
    return `${text}; its catalogue has ${models.length} models, ${priced} with prices`;
  } catch (error) {
    throw new Error(`${text}, but its catalogue cannot be fetched: ${(error as Error).message}`);
  }
}

/** Asks for what is free; where there is no such path, sends a call that is none, which is refused before it costs anything. */
async function reachGateway(gateway: LlmGatewayConfig, config: Config): Promise<string> {
  const { allowPrivate, apiKey = '', settings } = gateway;
  const profile = llmProfiles.get(gateway.profile);
  if (profile === undefined) throw new Error('unknown profile');
  const baseUrl = baseUrlOf({ gateway, profile }) ?? '';
  const call = { messages: [{ role: 'user', content: '-' }], isStreamed: false, extra: {} };
  const { url, headers } = profile.toRequest(call, { baseUrl, apiKey, model: '-', settings });
  const { 'content-type': _, ...withoutBody } = headers;
  const free = `${baseUrl.replace(/\/+$/, '')}${profile.freePath ?? '/models'}`;
  const status = await statusOf({ url: free, headers: withoutBody, allowPrivate }, config);
  const isMissing = [404, 405, 501].includes(status);
  const last = isMissing ? await statusOf({ method: 'POST', url, headers, body: '{}', allowPrivate }, config) : status;
  if (last === 401 || last === 403) throw refusedCredential(last);
  if (last === 404 || last === 405)
    throw new Error(`there is no ${new URL(url).pathname} (HTTP ${last}): is its baseUrl right?`);
  const isWell = last < 300 || last === 429 || (isMissing && (last === 400 || last === 422));
  if (!isWell) throw new Error(`it answers with HTTP ${last}`);
  return isMissing ? 'it takes calls' : `it answers (HTTP ${last})`;
}
