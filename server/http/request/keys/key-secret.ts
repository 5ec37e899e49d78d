// Secrets of keys that are made at run time, and the digests that are kept of them. A secret is random, so that one round of SHA-256 will do.

import { createHash, randomBytes } from 'node:crypto';

const PREFIX = 'tlk_';
/** The prefix, and 32 bytes in base64url. */
const FORM = /^tlk_[\w-]{43}$/;

export const newKeySecret = (): string => `${PREFIX}${randomBytes(32).toString('base64url')}`;

/** Tells whether a credential may be the secret of a stored key: the store is asked for no other. */
export const isKeySecret = (credential: string): boolean => FORM.test(credential);

export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}
