// The forms of client secrets: 32 random bytes behind the beginning that SDKs look for.

import { randomBytes } from 'node:crypto';

/** The beginnings that SDKs look for. */
const PREFIXES = ['ek_', 'auth_tokens/'] as const;
const FORM = /^(ek_|auth_tokens\/)[\w-]{43}$/;

/** Makes a secret of 32 random bytes. */
export const newSecret = (prefix: (typeof PREFIXES)[number]): string => prefix + randomBytes(32).toString('base64url');

/** Tells whether a credential has the form of a client secret; those of providers are shorter. */
export const isClientSecret = (credential: string): boolean => FORM.test(credential);
