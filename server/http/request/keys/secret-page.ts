// Decides whether the page that a plain request comes from may send it and read its answer: one of the listener, or one that the client secret
// names which it shows. Rule: a preflight shows no credential, and so is answered for every page that might show a secret.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Handshake } from '../../../../adapters/realtime/contract.ts';
import { findCall, findEndpoint } from '../../../../adapters/realtime/index.ts';
import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import { providerTable } from '../../../config/providers/table.ts';
import { sideRoutesAt } from '../../../ipc/side-routes.ts';
import { allowReading, isPreflight } from '../../cors.ts';
import { checkPage } from '../../origin-policy.ts';
import type { RequestPolicy } from '../policy.ts';
import { isRefusal } from '../refusals.ts';
import { findSecret, presentedSecret } from './client-secret.ts';

interface PageRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly handshake: Handshake;
  /** The address of the client. */
  readonly address: string;
  readonly policy: RequestPolicy;
}

/** Returns undefined where the page may; then the response says so, or there is no page. Answers late where the store has to be asked. */
export function admitPage(asked: PageRequest): Refusal | undefined | Promise<Refusal | undefined> {
  const { request, response, handshake, policy } = asked;
  const { origin } = request.headers;
  const refusal = checkPage(request, policy.origins);
  if (refusal === undefined || origin === undefined || !takesSecrets(handshake.path)) return refusal;
  if (!isPreflight(request)) return admitNamedPage(origin, asked);
  return void allowReading(request, response, new Set([origin]));
}

/** Paths that open sessions, and those that tell of them. */
function takesSecrets(path: string): boolean {
  return (
    findEndpoint(path) !== undefined ||
    findCall('POST', path) !== undefined ||
    sideRoutesAt('key', path).some(({ route }) => route.takesSecret)
  );
}

async function admitNamedPage(origin: string, asked: PageRequest): Promise<Refusal | undefined> {
  const { request, response, handshake, policy, address } = asked;
  const table = providerTable(policy.config);
  const presented = presentedSecret({
    handshake,
    policy,
    provider: (table.at(handshake.path)[0] ?? table.callsAt('POST', handshake.path)[0])?.provider,
  });
  if (presented === undefined) return checkPage(request, policy.origins);
  const secret = await findSecret(presented, { address, policy });
  // A secret that is none lets no page in.
  if (isRefusal(secret)) return secret.status === 401 ? notNamed : secret;
  const { origins = [] } = secret.settings;
  if (!origins.includes(origin)) return notNamed;
  return void allowReading(request, response, new Set(origins));
}

const notNamed: Refusal = {
  status: 403,
  code: 'origin_not_allowed',
  message:
    'this origin is not allowed; expected one of the gateway itself, of listen.origins, or of those that this client secret was made for',
};
