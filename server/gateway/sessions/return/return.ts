// Brings a client back to its session (`trunkline-resume=<id>.<messages received>`). Rule: whoever does not have the credential that opened the session
// is told that there is none.

import type { IncomingMessage } from 'node:http';
import type { Handshake } from '../../../../adapters/realtime/contract.ts';
import { answerable } from '../../../../adapters/realtime/index.ts';
import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import { checkUpgrade, gatewayValues, readHandshake } from '../../../http/handshake.ts';
import { checkRequest } from '../../../http/request/guard.ts';
import { invalid, isRefusal } from '../../../http/request/refusals.ts';
import type { Session } from '../../../session/session.ts';
import { upgradeReply } from '../../../transport/upgrade.ts';
import type { AdmissionPolicy } from '../../admission/admission.ts';
import { checkWhere } from '../../admission/authenticate.ts';
import type { Upgrade } from '../../start-session.ts';
import { isSameOwner, ownerOf } from './owner.ts';
import { noSuchSession, RESUME, type RelayHost, relayReturn } from './relay.ts';

const FORM = /^([\w.-]{1,64})\.(\d{1,15})$/;

/** The session that a client asks for, and the number of messages that it has got of it. */
interface AskedReturn {
  readonly id: string;
  readonly received: number;
  readonly handshake: Handshake;
}

/** Undefined where the handshake opens a session of its own. */
function readReturn(request: IncomingMessage): AskedReturn | Refusal | undefined {
  if (!isNamed(request)) return undefined;
  const handshake = readHandshake(request);
  if (handshake === undefined) return undefined;
  const [value, ...others] = gatewayValues(handshake, RESUME);
  if (value === undefined) return undefined;
  const [, id, received] = FORM.exec(value) ?? [];
  if (id === undefined || others.length > 0)
    return invalid(`expected <id of the session>.<number of messages received> as the ${RESUME}`);
  return { id, received: Number(received), handshake };
}

/** Tells whether anything in the request may name a session: most open one, and are read no further here. */
const isNamed = ({ url = '', headers }: IncomingMessage): boolean =>
  url.includes(RESUME) ||
  headers[`x-${RESUME}`] !== undefined ||
  headers['sec-websocket-protocol']?.includes(RESUME) === true;

interface ReturnHost extends RelayHost {
  policy(): AdmissionPolicy;
  returning(id: string): Session['returning'];
}

/**
 * Takes an upgrade that comes back to a session: nothing is dialled, reserved or counted, since the session is there, or is held by another process,
 * which decides then. Undefined where the upgrade is to open one.
 */
export async function takeReturn(upgrade: Upgrade, host: ReturnHost): Promise<Refusal | 'returned' | undefined> {
  const { request } = upgrade;
  const asked = readReturn(request);
  if (asked === undefined || isRefusal(asked)) return asked;
  const { id, handshake } = asked;
  const refusal =
    checkRequest(request) ??
    checkWhere({ request, handshake, policy: host.policy() }) ??
    checkUpgrade(request, handshake.protocols);
  if (refusal !== undefined) return refusal;
  const found = host.returning(id);
  return found === undefined ? relayReturn(id, upgrade, host) : goOn(found, upgrade, asked);
}

/** Goes on with a session of this process. */
function goOn(
  found: NonNullable<Session['returning']>,
  { request, socket, head, source }: Upgrade,
  { id, received, handshake }: AskedReturn,
): Refusal | 'returned' {
  if (!isSameOwner(found.owner, ownerOf(handshake))) return noSuchSession;
  if (!found.mayComeBack(received)) return tooLate;
  const [subprotocol] = answerable(handshake);
  const answer = { subprotocol, sessionId: id, requestId: source.requestId, survives: found.survives };
  socket.write(upgradeReply(request.headers['sec-websocket-key'] ?? '', answer));
  if (head.length > 0) socket.unshift(head);
  found.comesBack(socket, received);
  return 'returned';
}

const tooLate: Refusal = {
  status: 409,
  code: 'resume_too_late',
  message: `the messages behind those that ${RESUME} says are not kept any more, or it says more than were sent`,
};
