// The secrets that this gateway makes, for keys of the store and for clients: 32 random bytes behind the beginning that tells what they are. What is
// random needs one round of SHA-256 to be kept.

import { createHash, randomBytes } from 'node:crypto';
import type { Mint } from '../../../../adapters/realtime/contract/mint.ts';

const KEY_PREFIX = 'tlk_';
/** The beginnings that SDKs look for. */
const CLIENT_PREFIXES: readonly Mint['prefix'][] = ['ek_', 'auth_tokens/'];

const formOf = (prefixes: readonly string[]): RegExp => new RegExp(`^(?:${prefixes.join('|')})[\\w-]{43}$`);
const KEY_FORM = formOf([KEY_PREFIX]);
const CLIENT_FORM = formOf(CLIENT_PREFIXES);

export const newKeySecret = (): string => random(KEY_PREFIX);

export const newClientSecret = (prefix: Mint['prefix']): string => random(prefix);

/** Tells whether a credential may be the secret of a stored key: the store is asked for no other. */
export const isKeySecret = (credential: string): boolean => KEY_FORM.test(credential);

/** Tells whether a credential has the form of a client secret; those of providers are shorter. */
export const isClientSecret = (credential: string): boolean => CLIENT_FORM.test(credential);

export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}

function random(prefix: string): string {
  return prefix + randomBytes(32).toString('base64url');
}
