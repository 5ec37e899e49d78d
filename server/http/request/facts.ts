// Tells for the log what a refused request asked for, as far as that can be known: a refusal comes before or after any of it is found out.

import type { IncomingMessage } from 'node:http';
import type { FirstFrame } from '../../../adapters/realtime/contract/first-frame.ts';
import type { Handshake } from '../../../adapters/realtime/contract.ts';
import type { Key } from '../../config/config.ts';
import { providerTable } from '../../config/providers/table.ts';
import { sideRoutesAt } from '../../ipc/side-routes.ts';
import { CLASS_HEADER, classNames } from '../class-policy.ts';
import { readHandshake } from '../handshake.ts';
import { shortened } from '../problem.ts';
import { knownKey } from './keys/authenticate.ts';
import type { RequestPolicy } from './policy.ts';
import type { RefusalFacts } from './refusal/refusal-log.ts';

/** The key of the client, where it is known without asking anyone. `firstFrame`: its first message, where that was read. */
export function callerOf(request: IncomingMessage, policy: RequestPolicy, firstFrame?: FirstFrame): Key | undefined {
  const handshake = handshakeOf(request, firstFrame);
  return handshake && knownKey({ handshake, provider: foundAt(request, handshake.path, policy)?.provider, policy });
}

/** The best account for a path: one that opens sessions there, or makes calls. */
function foundAt({ method = '' }: IncomingMessage, path: string, { config }: RequestPolicy) {
  const table = providerTable(config);
  return table.at(path)[0] ?? table.callsAt(method, path)[0];
}

function handshakeOf(request: IncomingMessage, firstFrame: FirstFrame | undefined): Handshake | undefined {
  const handshake = readHandshake(request);
  return firstFrame === undefined ? handshake : handshake && { ...handshake, firstFrame };
}

export function askedFor(
  request: IncomingMessage,
  policy: RequestPolicy,
  firstFrame?: FirstFrame,
): Pick<RefusalFacts, 'key' | 'provider' | 'route' | 'model' | 'class'> {
  const handshake = handshakeOf(request, firstFrame);
  if (handshake === undefined) return {};
  const found = foundAt(request, handshake.path, policy);
  const key = knownKey({ handshake, provider: found?.provider, policy });
  const resources = found && 'resources' in found.endpoint ? found.endpoint.resources(handshake) : undefined;
  const named = key?.class ?? handshake.headers[CLASS_HEADER]?.toString();
  return {
    key: key?.id,
    provider: found?.provider.name,
    route: found?.endpoint.path ?? sideRoutesAt('key', handshake.path)[0]?.route.path,
    model: Array.isArray(resources) && resources[0] ? shortened(resources[0].name) : undefined,
    // A name that is none would let clients fill the metrics with labels.
    class: named !== undefined && classNames(policy.config).includes(named) ? named : undefined,
  };
}
