// Inputs of the phases of admission, for tests: a policy from the data of a configuration file, and requests as Node has them.

import type { IncomingMessage } from 'node:http';
import { findEndpoint } from '../../adapters/realtime/index.ts';
import { loadConfig } from '../../server/config/load.ts';
import type { Admission, AdmissionPolicy } from '../../server/gateway/admission/admission.ts';
import { sharedAccounts } from '../../server/gateway/admission/authorize.ts';
import { Breakers } from '../../server/gateway/targets/breakers.ts';
import { KeyLookup } from '../../server/http/request/keys/key-lookup.ts';
import { configFile } from './config-file.ts';
import { handshakeOf } from './handshakes.ts';

/** `origins`: origins of pages that may connect. */
export function policyOf(
  file: Record<string, unknown> = {},
  more: { readonly origins?: readonly string[]; readonly rehearsalUrl?: string } = {},
): AdmissionPolicy {
  const config = loadConfig({ file: configFile(file), env: {} });
  const origins = {
    ...{ allowed: new Set(more.origins), loopbackHostOnly: config.access === 'open' },
    isProxy: () => false,
  };
  const { rehearsalUrl } = more;
  const shared = sharedAccounts(config);
  return {
    config,
    keys: new KeyLookup({ fileKeys: () => config.keys, teams: () => config.teams }),
    origins,
    rehearsalUrl,
    tokens: { of: () => 'token-of-command' },
    breakers: new Breakers(),
    shared,
    warnOfOldName: () => {},
  };
}

/** A GET; `headers` in lower case, `host` is a loopback name unless it is given. */
export function requestOf(url: string, headers: Readonly<Record<string, string>> = {}): IncomingMessage {
  const all = { host: '127.0.0.1', ...headers };
  const headersDistinct = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]]));
  return { url, method: 'GET', httpVersion: '1.1', headers: all, headersDistinct } as unknown as IncomingMessage;
}

type FoundFirst = Pick<Admission, 'handshake' | 'provider' | 'endpoint' | 'policy'>;

/** A handshake with the endpoint of its path. */
export function handshakeAt(...[target, ...rest]: Parameters<typeof handshakeOf>): FoundFirst {
  const handshake = handshakeOf(target, ...rest);
  const found = findEndpoint(handshake.path);
  if (found === undefined) throw new Error(`no endpoint at ${handshake.path}`);
  return { handshake, policy: policyOf(), ...found };
}
