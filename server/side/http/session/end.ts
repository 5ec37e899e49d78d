// Orders the gateway process that holds a session to end it.

import { type HttpProblem, invalidRequest, isProblem } from '../../../http/problem.ts';
import { offeredId } from '../../sessions/reused-id.ts';
import { type RoutedRequest, type RouteHandler, sendJson } from '../handler.ts';
import { auditEntry } from '../ledger/audit.ts';
import { parseBody, textFields } from '../request/json-body.ts';
import { findReadableSession, unknownSession } from './session.ts';

/** Longest reason, in characters. A close has room for 123 bytes of it; the client's error event has all. */
const MAX_REASON = 500;

export const postSessionEnd: RouteHandler = async (request, { store, endSession }) => {
  const message = messageOf(request);
  if (isProblem(message)) return message;
  const found = await findReadableSession(request, store);
  if (found === undefined) return unknownSession(request);
  const { id, isOpen, stored, live } = found;
  if (!isOpen) return hasEnded;
  const { key } = stored ?? (live as { readonly key?: string });
  // Gateway processes know it by the id that its client offered, which others may have had before.
  const isTold = await endSession?.({ id: offeredId(id), key, message });
  if (isTold) await store.addAudit(auditEntry(request, { action: 'session.ended', subject: `session:${id}` }));
  return isTold ? sendJson(request, 202, { id, state: 'closing' }) : isElsewhere;
};

/** Reads what the client is told. */
function messageOf({ body: bytes, requester }: RoutedRequest): string | HttpProblem {
  const usual = requester.scope === 'admin' ? 'the operator ended the session' : 'the session was ended by its key';
  if (bytes === undefined || bytes.length === 0) return usual;
  const parsed = parseBody(bytes);
  if (isProblem(parsed)) return parsed;
  const fields = textFields(parsed.body, ['reason']);
  if (isProblem(fields)) return fields;
  const { reason = usual } = fields;
  if (reason === '' || reason.length > MAX_REASON)
    return invalidRequest(`expected 1 to ${MAX_REASON} characters, got ${reason.length}`, 'reason');
  return reason;
}

const hasEnded: HttpProblem = { status: 409, code: 'session_ended', message: 'this session has ended already' };

const isElsewhere: HttpProblem = {
  status: 409,
  code: 'session_elsewhere',
  message: 'no gateway process of this machine holds this session: the machine that does can end it',
};
