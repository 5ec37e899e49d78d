// Brings a client back to its session (`trunkline-resume=<id>.<messages received>`). Rule: whoever does not have the credential that opened the session
// is told that there is none.

import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Handshake } from '../../../adapters/realtime/contract.ts';
import { answerable, clientCredential, findEndpoint } from '../../../adapters/realtime/index.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { checkUpgrade, gatewayValues, readHandshake } from '../../http/handshake.ts';
import { checkRequest } from '../../http/request/guard.ts';
import { digestOf } from '../../http/request/keys/secret-form.ts';
import { invalid, isRefusal } from '../../http/request/refusals.ts';
import type { RequestSource } from '../../http/request/source.ts';
import type { Session } from '../../session/session.ts';
import { upgradeReply } from '../../transport/upgrade.ts';
import type { AdmissionPolicy } from '../admission/admission.ts';
import { checkWhere } from '../admission/authenticate.ts';

const RESUME = 'trunkline-resume';
const FORM = /^([\w.-]{1,64})\.(\d{1,15})$/;

/** The session that a client asks for, and the messages that it has got of it. */
interface Return {
  readonly id: string;
  readonly received: number;
}

/** Undefined where the handshake opens a session of its own. */
function readReturn(request: IncomingMessage): (Return & { readonly handshake: Handshake }) | Refusal | undefined {
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

/** Digest of the credential of a handshake and of the page that it is from, which may be the only one for a client secret; undefined where it has neither. */
export function ownerOf(handshake: Handshake): string | undefined {
  const credential = clientCredential(handshake, findEndpoint(handshake.path)?.provider);
  const { origin } = handshake.headers;
  return credential === undefined && origin === undefined ? undefined : digestOf(JSON.stringify([credential, origin]));
}

interface ReturningUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly source: Pick<RequestSource, 'requestId'>;
}

interface ReturnHost {
  policy(): AdmissionPolicy;
  returning(id: string): Session['returning'];
}

/**
 * Takes an upgrade that comes back to a session: nothing is dialled, reserved or counted, since the session is there. Undefined where the upgrade is to
 * open one.
 */
export function takeReturn(
  { request, socket, head, source }: ReturningUpgrade,
  { policy, returning }: ReturnHost,
): Refusal | 'returned' | undefined {
  const asked = readReturn(request);
  if (asked === undefined || isRefusal(asked)) return asked;
  const { id, received, handshake } = asked;
  const refusal =
    checkRequest(request) ??
    checkWhere({ request, handshake, policy: policy() }) ??
    checkUpgrade(request, handshake.protocols);
  if (refusal !== undefined) return refusal;
  const found = returning(id);
  if (found === undefined || !isSame(found.owner, ownerOf(handshake))) return unknown;
  if (!found.mayComeBack(received)) return tooLate;
  const [subprotocol] = answerable(handshake);
  const answer = { subprotocol, sessionId: id, requestId: source.requestId, survives: found.survives };
  socket.write(upgradeReply(request.headers['sec-websocket-key'] ?? '', answer));
  if (head.length > 0) socket.unshift(head);
  found.comesBack(socket, received);
  return 'returned';
}

function isSame(owner: string | undefined, given: string | undefined): boolean {
  if (owner === undefined || given === undefined) return owner === given;
  const [a, b] = [Buffer.from(owner), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const unknown: Refusal = {
  status: 404,
  code: 'unknown_session',
  message: `no session of this credential has the id in ${RESUME}, or its gateway process is another one`,
};

const tooLate: Refusal = {
  status: 409,
  code: 'resume_too_late',
  message: `the messages behind those that ${RESUME} says are not kept any more, or it says more than were sent`,
};
