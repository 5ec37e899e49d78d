// Decides on a request to open a session, before a provider is dialled. Rule: a new check is one line in a list and its function.

import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { checkUpgrade, readHandshake } from '../../http/handshake.ts';
import { checkRequest } from '../../http/request/guard.ts';
import { badTarget, isRefusal } from '../../http/request/refusals.ts';
import { readFirstFrame } from '../sessions/first-frame.ts';
import { readFirstName } from '../sessions/first-names.ts';
import { readSurvival } from '../sessions/survival.ts';
import { placedBy } from '../targets/admit-targets.ts';
import { checkTerms } from '../targets/terms.ts';
import { chooseAccount } from './account.ts';
import type { Admission, AdmissionPolicy, AdmissionRequest } from './admission.ts';
import { authenticateClient, checkWhere, presentSecret } from './authenticate.ts';
import { authorizeResource, bindIds } from './authorize.ts';
import { classify } from './classify.ts';
import { readContinuation } from './continuation.ts';
import { chooseProvider, chooseSubprotocol, rejectEverywhere, resolveEndpoint } from './endpoint.ts';
import { startPhases } from './phases.ts';
import { chooseSessionId } from './session-id.ts';

/** The client, and what it asks for. */
const client = startPhases<AdmissionRequest>()
  .add(({ request }) => checkRequest(request))
  .add(checkWhere)
  .add(resolveEndpoint)
  .add(readFirstFrame)
  .add(presentSecret)
  .add(({ request, handshake, isUpgrade }) => (isUpgrade ? checkUpgrade(request, handshake.protocols) : undefined))
  .add(rejectEverywhere)
  .add(authenticateClient)
  .add(classify)
  .add(chooseSessionId)
  .add(readFirstName);

/** The account that serves it, or the target where the model has several. */
const place = startPhases<Placeless>()
  .add(chooseProvider)
  .add(chooseSubprotocol)
  .add(authorizeResource)
  .add(bindIds)
  .add(checkTerms)
  .add(chooseAccount)
  .add(readContinuation)
  .add(readSurvival);

/** The part of an admission that is the same wherever the session is served. */
type Placeless = Exclude<Awaited<ReturnType<typeof client.run>>, Refusal> & Pick<Admission, 'target' | 'targets'>;

/** Runs the phases in their order. */
export function admit(
  request: IncomingMessage,
  policy: AdmissionPolicy,
  asker: Pick<AdmissionRequest, 'address' | 'isUpgrade' | 'isReturn' | 'wait'>,
): Admission | Refusal | Promise<Admission | Refusal> {
  const handshake = readHandshake(request);
  if (handshake === undefined) return badTarget;
  const known = client.run({ request, handshake, policy, ...asker });
  return known instanceof Promise ? known.then(placed) : placed(known);
}

const placed = (known: Placeless | Refusal) =>
  isRefusal(known) ? known : placedBy<Placeless, Admission>(known, place);
