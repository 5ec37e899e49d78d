// Finds how the paths of an account are dialled where no client asks for one: to check it, and to probe it.

import type { Handshake, Provider, ServedEndpoint, Upstream } from '../../../adapters/realtime/contract.ts';
import { endpointsAt, filled, refusedTwice, upstreamOf } from '../../../adapters/realtime/index.ts';
import type { ProviderConfig } from './schema.ts';

export interface DialledAccount {
  readonly provider: Provider;
  /** `apiKey` is the credential. */
  readonly account: ProviderConfig;
  /** The model or agent for the paths whose query names one. */
  readonly model?: string | undefined;
  /** The only path to dial, with its query; left out: each one that can be dialled. */
  readonly path?: string | undefined;
  /** The names under which an operator gives the path and the model. */
  readonly givenBy: { readonly path: string; readonly model: string };
}

/** A path, and either how it is dialled or why it is not. */
export interface DialPath {
  readonly path: string;
  readonly dialled?: { readonly endpoint: ServedEndpoint; readonly handshake: Handshake; readonly url: string };
  readonly skipped: string;
}

export type DialledPath = Pick<NonNullable<DialPath['dialled']>, 'endpoint' | 'handshake'>;

/** Returns the paths, each once. Dials nothing. */
export function pathsOf({ provider, account, path, model, givenBy }: DialledAccount): readonly DialPath[] {
  const [asked, ownQuery] = path?.split(/\?(.*)/s) ?? [];
  const seen = new Set<string>();
  const paths = asked === undefined ? [...new Set(provider.endpoints.map((one) => one.path))] : [asked];
  return paths.map((path): DialPath => {
    const candidates = endpointsAt(provider, path).map((endpoint) => {
      const { namedIn } = endpoint;
      const named = namedIn === undefined || model === undefined ? [] : [`${namedIn}=${encodeURIComponent(model)}`];
      const rawQuery = [ownQuery, ...named].filter(Boolean).join('&') || undefined;
      const query = new URLSearchParams(rawQuery);
      return { endpoint, handshake: { path, rawQuery, query, headers: {}, protocols: [] } };
    });
    const found = candidates.find(({ endpoint, handshake }) => endpoint.serves?.(handshake) ?? true);
    if (found === undefined) return { path, skipped: 'none of its protocols is for such a query' };
    const { endpoint, handshake } = found;
    const { url } = upstreamTo(found, { provider, account }, account.apiKey ?? '');
    const { needsSetting: setting, namedIn } = endpoint;
    const configured = endpoint.keepsPath ? undefined : account.path;
    const place = /\{[^}]+\}/.exec(filled(configured ?? path, account.settings))?.[0];
    const refusal = (endpoint.reject?.(handshake) ?? refusedTwice(handshake, endpoint))?.message;
    const isUnknown = asked === undefined && endpoint.resources(handshake) === 'unknown';
    const dialled = { endpoint, handshake, url };
    if (setting !== undefined && account.settings[setting] === undefined)
      return { path, skipped: `it needs settings.${setting}` };
    if (place !== undefined) return { path, skipped: `it needs ${place} in its path: give it by ${givenBy.path}` };
    if (refusal !== undefined) return { path, skipped: refusal };
    if (isUnknown)
      return {
        path,
        skipped: namedIn === undefined ? 'it needs a session made before' : `it needs ${givenBy.model} (${namedIn})`,
      };
    if (seen.has(url)) return { path, skipped: 'another path leads to the same URL' };
    seen.add(url);
    return { path, dialled, skipped: '' };
  });
}

export const upstreamTo = (
  { endpoint, handshake }: DialledPath,
  { provider, account }: Pick<DialledAccount, 'provider' | 'account'>,
  credential: string,
): Upstream => upstreamOf(provider, endpoint, handshake, { ...account, credential });

/** Returns how an account is probed, or why it cannot be: on the first path of its kind, unless it names one. */
export function probePathOf(provider: Provider, account: ProviderConfig): DialPath {
  const givenBy = { path: 'probe.path', model: 'probe.model' };
  const [first] = pathsOf({ provider, account, ...account.probe, givenBy });
  return first ?? { path: '', skipped: 'it serves nothing' };
}
