// Keys over HTTP, for the administrator: makes, lists, shows, changes, rotates, revokes and deletes those of the store. Those of the configuration
// are shown, and changed there.

import type { Key } from '../../../config/config.ts';
import { type HttpProblem, isProblem } from '../../../http/problem.ts';
import { digestOf, newKeySecret } from '../../../http/request/keys/secret-form.ts';
import type { StoredKey } from '../../../ipc/stored-keys.ts';
import { type AuditEntry, ID_KEPT_MS } from '../../store/contract/keys.ts';
import { type RoutedRequest, type RouteHandler, type SideHttpOptions, sendJson } from '../handler.ts';
import { auditEntry } from '../ledger/audit.ts';
import { readLimit } from '../request/query.ts';
import { changedKey, readKeyChange, readNewKey, readRotation } from './key-body.ts';
import { fileKeyView, storedKeyView } from './key-views.ts';

const MAX_KEYS = 1000;
/** Tries to change a key that others change at the same time. */
const MAX_TRIES = 10;

export const postKey: RouteHandler = async (request, { store, config }) => {
  if (config.access === 'open') return openMode;
  const key = readNewKey(request, config);
  if (isProblem(key)) return key;
  if (fileKeyWithId(config, key.id) !== undefined) return exists('the configuration has a key of this id');
  const secret = newKeySecret();
  const now = Date.now();
  const stored: StoredKey = { key, digest: digestOf(secret), createdAt: now, changedAt: now, version: 0 };
  if (!(await store.addKey(stored, entryOf(request, 'key.created', key.id)))) {
    const { deletedAt } = (await store.key({ id: key.id })) ?? {};
    return deletedAt === undefined ? exists('there is a key of this id') : justDeleted(deletedAt + ID_KEPT_MS - now);
  }
  return sendJson(request, 201, { secret, ...storedKeyView(stored, false) });
};

/** Those of the configuration are on the first page. */
export const getKeys: RouteHandler = async (request, { store, config }) => {
  const { query } = request;
  const limit = readLimit(query, MAX_KEYS);
  if (isProblem(limit)) return limit;
  const stored = await store.keys({ after: query.after, limit });
  const ofFile = query.after === undefined ? config.keys.map(fileKeyView) : [];
  const views = stored.map((one) => storedKeyView(one, fileKeyWithId(config, one.key.id) !== undefined));
  const next = stored.length < limit ? null : stored.at(-1)?.key.id;
  return sendJson(request, 200, { keys: [...ofFile, ...views], next });
};

export const getKey: RouteHandler = async (request, { store, config }) => {
  const id = request.parameters.id ?? '';
  const ofFile = fileKeyWithId(config, id);
  if (ofFile !== undefined) return sendJson(request, 200, fileKeyView(ofFile));
  const found = await store.key({ id });
  return found === undefined || found.deletedAt !== undefined
    ? unknownKey
    : sendJson(request, 200, storedKeyView(found, false));
};

export const patchKey: RouteHandler = async (request, options) => {
  const change = readKeyChange(request);
  if (isProblem(change)) return change;
  const changed = await changeKey(request, options, {
    action: 'key.changed',
    details: { fields: Object.keys(change).join(', ') },
    change(found) {
      const key = changedKey(found.key, change, options.config);
      return isProblem(key) ? key : { ...found, key };
    },
  });
  return isProblem(changed) ? changed : sendJson(request, 200, storedKeyView(changed, false));
};

export const postKeyRotate: RouteHandler = async (request, options) => {
  const keepOldSeconds = readRotation(request);
  if (isProblem(keepOldSeconds)) return keepOldSeconds;
  const secret = newKeySecret();
  const oldUntil = Date.now() + keepOldSeconds * 1000;
  const changed = await changeKey(request, options, {
    action: 'key.rotated',
    details: { keepOldSeconds: String(keepOldSeconds) },
    change: (found) => ({ ...found, digest: digestOf(secret), oldDigest: found.digest, oldUntil }),
  });
  if (isProblem(changed)) return changed;
  return sendJson(request, 200, { secret, ...storedKeyView(changed, false) });
};

/** A key that is revoked already stays as it is. */
export const postKeyRevoke: RouteHandler = async (request, options) => {
  const changed = await changeKey(request, options, {
    action: 'key.revoked',
    isForRevoked: true,
    change: (found) => (found.revokedAt === undefined ? { ...found, revokedAt: Date.now() } : undefined),
  });
  return isProblem(changed) ? changed : sendJson(request, 200, storedKeyView(changed, false));
};

/** Ends a key, and frees its id. */
export const deleteKey: RouteHandler = async (request, options) => {
  const changed = await changeKey(request, options, {
    action: 'key.deleted',
    isForRevoked: true,
    change: (found) => ({ ...found, deletedAt: Date.now() }),
  });
  if (isProblem(changed)) return changed;
  request.emit({ status: 204, headers: { 'cache-control': 'no-store' }, body: Buffer.alloc(0) });
  return undefined;
};

interface Change extends Pick<AuditEntry, 'action' | 'details'> {
  /** False where a revoked key is refused. */
  readonly isForRevoked?: true;
  /** Returns the changed key, a problem, or undefined where there is nothing to change. May be called again, with a newer one. */
  change(found: StoredKey): StoredKey | HttpProblem | undefined;
}

/** Changes the key of the path, whatever others do to it at the same time. */
async function changeKey(
  request: RoutedRequest,
  { store, config }: SideHttpOptions,
  { action, details, isForRevoked, change }: Change,
): Promise<StoredKey | HttpProblem> {
  const id = request.parameters.id ?? '';
  if (fileKeyWithId(config, id) !== undefined) return isOfFile;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const found = await store.key({ id });
    if (found === undefined || found.deletedAt !== undefined) return unknownKey;
    if (found.revokedAt !== undefined && !isForRevoked) return isRevoked;
    const wanted = change(found);
    if (wanted === undefined || isProblem(wanted)) return wanted ?? found;
    const changed = { ...wanted, changedAt: Date.now() };
    if (await store.replaceKey(changed, entryOf(request, action, id, details))) return changed;
  }
  return isBeingChanged;
}

const entryOf = (
  request: RoutedRequest,
  action: AuditEntry['action'],
  id: string,
  details?: AuditEntry['details'],
): AuditEntry => auditEntry(request, { action, subject: `key:${id}`, details });

const fileKeyWithId = ({ keys }: SideHttpOptions['config'], id: Key['id']) => keys.find((key) => key.id === id);

const openMode: HttpProblem = {
  status: 409,
  code: 'open_mode',
  message: 'everyone is let in here, with a key or without: expected access: keys',
};
const exists = (message: string): HttpProblem => ({ status: 409, code: 'key_exists', message, param: 'id' });
const justDeleted = (leftMs: number): HttpProblem => ({
  ...exists('the key of this id was just deleted: the id is free again ten seconds after that'),
  retryAfterS: Math.max(1, Math.ceil(leftMs / 1000)),
});
const isOfFile: HttpProblem = {
  status: 409,
  code: 'key_of_file',
  message: 'this key is one of the configuration: change it there',
};
const isRevoked: HttpProblem = {
  status: 409,
  code: 'key_is_revoked',
  message: 'this key was revoked: expected a new one in its place',
};
const isBeingChanged: HttpProblem = {
  status: 409,
  code: 'key_changes',
  message: 'others change this key at the same time: try again',
  retryAfterS: 1,
};
const unknownKey: HttpProblem = { status: 404, code: 'unknown_key', message: 'no key has this id' };
