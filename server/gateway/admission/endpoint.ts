// Finds the endpoint of a path, and the provider that it belongs to.
import { findEndpoint, findNotServed } from '../../../adapters/realtime/index.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import type { Admission } from './admission.ts';
import { notImplemented, nowhere } from './refusals.ts';

export function resolveEndpoint({
  handshake: { path },
}: Pick<Admission, 'handshake'>): Pick<Admission, 'provider' | 'endpoint'> | Refusal {
  const found = findEndpoint(path);
  if (found !== undefined) return found;
  return findNotServed('GET', path) === undefined ? nowhere(path) : notImplemented(path);
}
