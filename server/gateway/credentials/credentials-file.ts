// Credentials in a file: a token that somebody else renews there, or a key by which the gateway asks for tokens itself: that of a service account, which
// signs what it asks for (RFC 7523), or the refresh token of a user (RFC 6749, section 6). Rule: nothing of the file, and no answer, goes into a log or an error.

import { createPrivateKey, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'undici';
import type { Provider } from '../../../adapters/realtime/contract.ts';
import { isObject, type JsonObject, parseJson, textAt } from '../../../codecs/json/object.ts';
import { faultCode, publicAgent, readWithin } from '../../platform/outbound/outbound-agent.ts';
import type { ProxySettings } from '../../platform/outbound/proxy.ts';
import { TokenError } from './token.ts';

interface CredentialsOptions {
  /** Undefined: the provider has no service accounts, and whoever gives tokens to its users is named in their files. */
  readonly grant: Provider['tokenGrant'];
  /** Lets tokens be asked for at a private address, and without TLS. */
  readonly allowPrivate: boolean;
  readonly proxy: ProxySettings | undefined;
  readonly timeoutMs: number;
}

const JWT_GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** The longest that such a claim may be good for. */
const CLAIM_SECONDS = 3600;
const MAX_BYTES = 64 * 1024;

/** The words of a file or an answer, and the time for which they count where they do not say so. */
interface Said {
  readonly text: string;
  readonly usualMs: number;
}

/** A token in a file is renewed there at any time; one that was asked for is not. */
const [FILE_MS, ASKED_MS] = [60_000, 1_800_000];

/** Returns a token, or the JSON that has one: what the file holds, or what its key was answered with. Rejects with a TokenError. */
export async function readCredentials(file: string, options: CredentialsOptions): Promise<Said> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new TokenError(`the file could not be read (${faultCode(error)})`);
  });
  const value = parseJson(text.trim());
  const key = isObject(value) ? value : {};
  switch (key.type) {
    case 'service_account':
      return askFor(key, { grant_type: JWT_GRANT, assertion: assertionOf(key, options.grant) }, options);
    case 'authorized_user':
      return askFor(
        key,
        { grant_type: 'refresh_token', ...textsOf(key, ['client_id', 'client_secret', 'refresh_token']) },
        options,
      );
    default:
      return { text, usualMs: FILE_MS };
  }
}

function textsOf<Name extends string>(key: JsonObject, names: readonly Name[]): Record<Name, string> {
  const found = names.map((name) => [name, textAt(key, name)] as const);
  const missing = found.find(([, text]) => text === undefined);
  if (missing !== undefined) throw new TokenError(`the file has no ${missing[0]}`);
  return Object.fromEntries(found) as Record<Name, string>;
}

/** The claim of a service account, signed by its key. */
function assertionOf(account: JsonObject, grant: Provider['tokenGrant']): string {
  if (grant === undefined) throw new TokenError('this provider has no service accounts: expected a file with a token');
  const { client_email: issuer, private_key: pem } = textsOf(account, ['client_email', 'private_key']);
  const issuedAt = Math.floor(Date.now() / 1000);
  const header = { alg: 'RS256', typ: 'JWT', kid: textAt(account, 'private_key_id') };
  const { scope } = grant;
  const claim = { iss: issuer, scope, aud: tokenUri(account, grant), iat: issuedAt, exp: issuedAt + CLAIM_SECONDS };
  const signed = [header, claim].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  try {
    return `${signed}.${sign('sha256', Buffer.from(signed), createPrivateKey(pem)).toString('base64url')}`;
  } catch {
    throw new TokenError('the private_key of the file is no RSA key in PEM');
  }
}

function tokenUri(key: JsonObject, grant: Provider['tokenGrant']): string {
  const uri = textAt(key, 'token_uri') ?? grant?.uri;
  if (uri === undefined) throw new TokenError('the file has no token_uri');
  return uri;
}

async function askFor(key: JsonObject, form: Record<string, string>, options: CredentialsOptions): Promise<Said> {
  const { grant, allowPrivate, proxy, timeoutMs } = options;
  const uri = tokenUri(key, grant);
  if (!/^https:/.test(uri) && !allowPrivate) throw new TokenError('the token_uri of the file is no https: URL');
  const agent = publicAgent({ allowPrivate, connectMs: timeoutMs, proxy });
  try {
    const { statusCode, body } = await request(uri, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
      dispatcher: agent,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = (await readWithin(body, MAX_BYTES))?.toString() ?? '';
    if (statusCode === 200) return { text: answer, usualMs: ASKED_MS };
    throw new TokenError(`who gives tokens answered ${statusCode}${reasonIn(answer)}`);
  } catch (error) {
    throw error instanceof TokenError
      ? error
      : new TokenError(`who gives tokens cannot be asked (${faultCode(error)})`);
  } finally {
    void agent.destroy();
  }
}

/** The code of an error (RFC 6749, section 5.2), which is a word. */
function reasonIn(answer: string): string {
  const value = parseJson(answer);
  const code = isObject(value) ? value.error : undefined;
  return typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? `, ${code}` : '';
}
