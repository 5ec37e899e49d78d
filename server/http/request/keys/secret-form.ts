// The secrets that this gateway makes, for keys of the store and for clients: 32 random bytes behind the beginning that tells what they are. What is
// random needs one round of SHA-256 to be kept.

import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
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

const [ALGORITHM, NONCE_BYTES, TAG_BYTES] = ['aes-256-gcm', 12, 16] as const;

const keyOf = (secret: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', 'trunkline sealed text', 32));

/**
 * Seals a text with a client secret, of which the store has the digest alone: whoever presents the secret can read it, and nobody else. AES-256-GCM with a
 * key that is derived from the secret (HKDF, RFC 5869), and seals one text.
 */
export function sealText(secret: string, text: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, keyOf(secret), nonce);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
}

/** Throws where the text was sealed with another secret. */
export function openSealed(secret: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv(ALGORITHM, keyOf(secret), bytes.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
}
