// The phase of admission for clients who say in their first message who they are: they are answered with the 101 at once, and all that follows
// is decided by the handshake and that message together. Rule: no other client waits, and what can be refused before the 101 is.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { providerTable } from '../../config/providers/table.ts';
import { checkUpgrade } from '../../http/handshake.ts';
import { isIdentified } from '../../http/request/keys/authenticate.ts';
import { isRefusal } from '../../http/request/refusals.ts';
import type { Admission } from '../admission/admission.ts';
import { readContinuation } from '../admission/continuation.ts';
import { chooseSubprotocol, rejectHandshake } from '../admission/endpoint.ts';
import { speaksWebSocket } from '../admission/refusals.ts';
import { chooseSessionId } from '../admission/session-id.ts';

type Known = Pick<Admission, 'request' | 'handshake' | 'policy' | 'provider' | 'endpoint' | 'isUpgrade' | 'wait'>;
type Read = Pick<Admission, 'handshake' | 'answered'>;

/** One whose provider is not there is not kept waiting for nothing. */
export function readFirstFrame(known: Known): Refusal | Promise<Read | Refusal> | undefined {
  const { endpoint, provider, policy, request, handshake, isUpgrade, wait } = known;
  const form = endpoint.firstFrame;
  if (form === undefined || isIdentified(known) || !providerTable(policy.config).isThere(provider)) return undefined;
  const refusal = (isUpgrade ? checkUpgrade(request, handshake.protocols) : undefined) ?? rejectHandshake(known);
  if (refusal !== undefined) return refusal;
  const continuation = readContinuation(known);
  if (isRefusal(continuation)) return continuation;
  if (wait === undefined) return speaksWebSocket;
  const chosen = chooseSubprotocol(known);
  if (isRefusal(chosen)) return chosen;
  const answered = chooseSessionId(known);
  if (isRefusal(answered)) return answered;
  return wait({ has: 'the credential', ...form }, { ...chosen, sessionId: answered.sessionId }).then((firstFrame) =>
    isRefusal(firstFrame) ? firstFrame : { handshake: { ...handshake, firstFrame }, answered },
  );
}
