// Chooses the account that a session is dialled with: the configured one, the client's own, or the rehearsal's. No answer repeats its credential.

import type { Provider } from '../../../adapters/realtime/contract.ts';
import { clientCredential } from '../../../adapters/realtime/index.ts';
import type { HttpReply, Refusal } from '../../../adapters/realtime/refusal.ts';
import type { ProviderConfig } from '../../config/config.ts';
import type { Admission } from './admission.ts';

/** A credential from a query can hold anything, and goes into a header. */
const FITS_HEADER = /^[\x21-\x7e]+$/;

type AccountRequest = Pick<Admission, 'handshake' | 'provider' | 'endpoint' | 'policy'>;
type Dialling = Pick<Admission, 'upstream' | 'ownCredential' | 'allowPrivate' | 'preconnect' | 'isRehearsal'>;

export function chooseAccount(request: AccountRequest): Dialling | Refusal {
  const { handshake, provider, endpoint, policy } = request;
  const { providers, rehearsal } = policy.config;
  const configured = providers[provider.name];
  if (configured !== undefined) return configuredAccount(request, configured);
  if (rehearsal === false || !rehearsal.providers.includes(provider.name) || policy.rehearsalUrl === undefined)
    return notConfigured(provider);
  const account = { baseUrl: policy.rehearsalUrl, credential: 'rehearsal', settings: {} };
  // A connection costs next to nothing on loopback, so none is opened ahead.
  const dialling = { allowPrivate: true, preconnect: undefined, isRehearsal: true };
  return { upstream: endpoint.upstream(handshake, account), ...dialling };
}

function configuredAccount(
  { handshake, provider, endpoint }: AccountRequest,
  configured: ProviderConfig,
): Dialling | Refusal {
  const { allowPrivate, preconnect, apiKey } = configured;
  const credential = apiKey === 'client' ? clientCredential(handshake, provider) : apiKey;
  if (credential === undefined || !FITS_HEADER.test(credential)) return noCredential;
  // An endpoint may have a host of its own, unless the configuration names one for the provider.
  const isDefault = configured.baseUrl === provider.baseUrl;
  const baseUrl = isDefault ? (endpoint.baseUrl ?? provider.baseUrl) : configured.baseUrl;
  const names = Object.keys(provider.settings ?? {});
  const settings = Object.fromEntries(names.map((name) => [name, configured[name] as string | undefined]));
  const account = { baseUrl, credential, settings };
  const upstream = endpoint.upstream(handshake, account);
  const ownCredential = apiKey === 'client' ? undefined : credential;
  return { upstream, ownCredential, allowPrivate, preconnect, isRehearsal: false };
}

/** Shortest credential that is looked for: a shorter one may be a part of any text. */
const MIN_CREDENTIAL_CHARS = 8;

/** Returns a provider's refusal with the gateway's own credential masked, which some providers, and proxies before them, quote. */
export function masked(reply: HttpReply, credential: string | undefined): HttpReply {
  if (credential === undefined || credential.length < MIN_CREDENTIAL_CHARS) return reply;
  const mask = (text: string) => text.replaceAll(credential, '*'.repeat(credential.length));
  const headers = Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, mask(value)]));
  return { ...reply, headers, body: Buffer.from(mask(Buffer.from(reply.body).toString('latin1')), 'latin1') };
}

function notConfigured({ name, environment }: Provider): Refusal {
  const message = `the provider ${name} is not configured; expected providers.${name} or ${environment.join(' or ')}`;
  return { status: 503, code: 'provider_not_configured', message };
}

const noCredential: Refusal = {
  status: 401,
  code: 'invalid_key',
  message: 'no usable credential given; expected one of the provider, which is forwarded',
};
