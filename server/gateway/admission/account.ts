// Chooses the account that a session is dialled with: the configured one, the client's own, or the rehearsal's. No answer repeats its credential.

import type { Provider } from '../../../adapters/realtime/contract.ts';
import { clientCredential, upstreamAt, upstreamOf } from '../../../adapters/realtime/index.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import type { ProviderConfig } from '../../config/config.ts';
import { TokenError } from '../credentials/token.ts';
import type { Admission } from './admission.ts';

/** A credential from a query can hold anything, and goes into a header. */
const FITS_HEADER = /^[\x21-\x7e]+$/;

type AccountRequest = Pick<Admission, 'handshake' | 'provider' | 'endpoint' | 'policy' | 'dialled'>;
type Dialling = Pick<Admission, 'upstream' | 'ownCredential' | 'allowPrivate' | 'preconnect' | 'isRehearsal'>;

export function chooseAccount(request: AccountRequest): Dialling | Refusal | Promise<Dialling | Refusal> {
  const { handshake, provider, endpoint, policy, dialled } = request;
  const { providers, rehearsal } = policy.config;
  const configured = providers[provider.name];
  if (dialled !== undefined) return dialledAt(dialled.url, request);
  if (configured !== undefined) return configuredAccount(request, configured);
  if (rehearsal === false || !rehearsal.providers.includes(provider.name) || policy.rehearsalUrl === undefined)
    return notConfigured(provider);
  const account = { baseUrl: policy.rehearsalUrl, credential: 'rehearsal', settings: {} };
  // A connection costs next to nothing on loopback, so none is opened ahead.
  const dialling = { allowPrivate: true, preconnect: undefined, isRehearsal: true };
  return { upstream: upstreamOf(provider, endpoint, handshake, account), ...dialling };
}

function configuredAccount(
  request: AccountRequest,
  configured: ProviderConfig,
): Dialling | Refusal | Promise<Dialling | Refusal> {
  const { handshake, provider, policy } = request;
  const { apiKey, tokenCommand, credentialsFile } = configured;
  if (tokenCommand === undefined && credentialsFile === undefined)
    return dialledWith(apiKey === 'client' ? clientCredential(handshake, provider) : apiKey, request, configured);
  const token = policy.tokens.of(provider.name, { ...configured, grant: provider.tokenGrant });
  if (typeof token === 'string') return dialledWith(token, request, configured);
  return token.then(
    (given) => dialledWith(given, request, configured),
    (error: unknown) =>
      noToken(provider.name, credentialsFile === undefined ? 'tokenCommand' : 'credentialsFile', error),
  );
}

/** The URL opens the session that was made before, by itself. */
function dialledAt(url: string, { handshake, provider, policy }: AccountRequest): Dialling {
  const { allowPrivate = false, headers = {} } = policy.config.providers[provider.name] ?? {};
  const upstream = upstreamAt(url, provider, handshake, headers);
  const { origin, searchParams } = new URL(url);
  // The longest value is the secret; without any the path is one.
  const [secret = url.slice(origin.length)] = [...searchParams.values()].sort((a, b) => b.length - a.length);
  return { upstream, ownCredential: secret, allowPrivate, preconnect: undefined, isRehearsal: false };
}

function dialledWith(
  credential: string | undefined,
  { handshake, provider, endpoint }: AccountRequest,
  configured: ProviderConfig,
): Dialling | Refusal {
  const { allowPrivate, preconnect, apiKey } = configured;
  if (credential === undefined || !FITS_HEADER.test(credential)) return noCredential;
  const upstream = upstreamOf(provider, endpoint, handshake, { ...configured, credential });
  const ownCredential = apiKey === 'client' ? undefined : credential;
  return { upstream, ownCredential, allowPrivate, preconnect, isRehearsal: false };
}

function noToken(name: string, source: string, error: unknown): Refusal {
  if (!(error instanceof TokenError)) throw error;
  const message = `no credential for ${name}: its ${source} failed: ${error.message}`;
  return { status: 503, code: 'provider_not_configured', message, retryAfterS: 1 };
}

function notConfigured({ name, environment }: Provider): Refusal {
  const variables = environment.length === 0 ? '' : ` or ${environment.join(' or ')}`;
  const message = `the provider ${name} is not configured; expected providers.${name}${variables}`;
  return { status: 503, code: 'provider_not_configured', message };
}

const noCredential: Refusal = {
  status: 401,
  code: 'invalid_key',
  message: 'no usable credential given; expected one of the provider, which is forwarded',
};
