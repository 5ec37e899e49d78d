// Knows whose a session is by the credential that opened it, of which a digest is kept.

import { timingSafeEqual } from 'node:crypto';
import type { Handshake } from '../../../../adapters/realtime/contract.ts';
import { clientCredential, findEndpoint } from '../../../../adapters/realtime/index.ts';
import { digestOf } from '../../../http/request/keys/secret-form.ts';

/** Digest of the credential of a handshake and of the page that it is from, which may be the only one for a client secret; undefined where it has neither. */
export function ownerOf(handshake: Handshake): string | undefined {
  const credential = clientCredential(handshake, findEndpoint(handshake.path)?.provider);
  const { origin } = handshake.headers;
  return credential === undefined && origin === undefined ? undefined : digestOf(JSON.stringify([credential, origin]));
}

/** Compares two digests, in a time that tells nothing of them. */
export function isSameOwner(owner: string | undefined, given: string | undefined): boolean {
  if (owner === undefined || given === undefined) return owner === given;
  const [a, b] = [Buffer.from(owner), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
