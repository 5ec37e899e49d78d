// Brings a client back to its session (`trunkline-resume=<id>.<messages received>`). Rule: whoever does not have the credential that opened the session
// is told that there is none.

import type { IncomingMessage } from 'node:http';
import { answerable } from '../../../../adapters/realtime/index.ts';
import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import type { ConnectionLimit } from '../../../http/connection/connection-limit.ts';
import { checkUpgrade, gatewayValues, readHandshake } from '../../../http/handshake.ts';
import { checkRequest } from '../../../http/request/guard.ts';
import { invalid, isRefusal } from '../../../http/request/refusals.ts';
import type { Session } from '../../../session/session.ts';
import { upgradeReply } from '../../../transport/upgrade.ts';
import { checkWhere } from '../../admission/authenticate.ts';
import { tooManyUpgrades } from '../../admission/refusals.ts';
import type { Upgrade } from '../../start-session.ts';
import { isSameOwner, ownerOf } from './owner.ts';
import { noSuchSession, RESUME, type RelayHost, relayReturn, tooLate } from './relay.ts';
import { type AskedReturn, type TakeHost, takeOver } from './take.ts';

const FORM = /^([\w.-]{1,64})\.(\d{1,15})$/;

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

interface ReturnHost extends RelayHost, TakeHost {
  readonly connections: Pick<ConnectionLimit, 'beginUpgrade'>;
  returning(id: string): Session['returning'];
}

/**
 * Takes an upgrade that comes back to a session: nothing is dialled, reserved or counted, where the session is there, or is held by another process,
 * which decides then; one that was left goes on here. Undefined where the upgrade is to open one.
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
  return found === undefined ? findElsewhere(asked, upgrade, host) : goOn(found, upgrade, asked);
}

async function findElsewhere(asked: AskedReturn, upgrade: Upgrade, host: ReturnHost): Promise<Refusal | 'returned'> {
  const { socket, source } = upgrade;
  const end = host.connections.beginUpgrade(socket, source.address);
  if (typeof end === 'string') return tooManyUpgrades[end];
  try {
    return (await relayReturn(asked.id, upgrade, host)) ? 'returned' : await takeOver(asked, upgrade, host);
  } finally {
    end();
  }
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
