// Calls of Realtime and Live: SDP in, SDP out, and what can be asked of a call that is there. Paths and bodies are read in OpenAI's SDK (7.59) and
// measured with it; that the sideband tells of what WebRTC and SIP use is in its documents alone.

import { jsonFault } from '../../../codecs/json/fault.ts';
import { isObject, type JsonObject, parseJson, textAt } from '../../../codecs/json/object.ts';
import { type FormPart, readForm, writeForm } from '../../../codecs/text/multipart.ts';
import type { CallEndpoint, CallFamily, CallFault, CallStart, RequestedCall, TypedBody } from '../contract/calls.ts';
import { openaiLiveDialect } from './dialects/live.ts';
import { openaiRealtimeDialect } from './dialects/realtime.ts';

const SDP = 'application/sdp';
const JSON_TYPE = 'application/json';
const FORM = 'multipart/form-data';
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/** The calls of Realtime at its path. */
export function realtimeCalls(path: string): readonly CallEndpoint[] {
  const family: CallFamily = {
    dialect: openaiRealtimeDialect,
    keptMs: KEPT_MS,
    sideband: (id) => ({ path, rawQuery: `call_id=${encodeURIComponent(id)}` }),
    hangUp: (id) => `${path}/calls/${id}/hangup`,
  };
  const eventOf = (session: JsonObject): JsonObject => ({ type: 'session.update', session });
  const create: CallStart = { types: [SDP, FORM], read: readOffer, eventOf, idIn: idInLocation };
  const accept: CallStart = { types: [JSON_TYPE], read: readBareSession, eventOf };
  return [
    { method: 'POST', path: `${path}/calls`, family, start: create },
    { method: 'POST', path: `${path}/calls/{id}/accept`, family, start: accept },
    ...['reject', 'refer', 'hangup'].map(
      (name) => ({ method: 'POST', path: `${path}/calls/{id}/${name}`, family }) as const,
    ),
  ];
}

/** The calls of Live at its path. */
export function liveCalls(path: string): readonly CallEndpoint[] {
  const family: CallFamily = {
    dialect: openaiLiveDialect,
    keptMs: KEPT_MS,
    sideband: (id) => ({ path: `${path}/${id}/attach` }),
    hangUp: (id) => `${path}/${id}/hangup`,
  };
  const eventOf = (session: JsonObject): JsonObject => ({ type: 'session.start', session });
  const idIn: CallStart['idIn'] = ({ body }) => textAt(objectIn(body), 'session', 'id');
  const json = { types: [JSON_TYPE], eventOf };
  const create: CallStart = { ...json, read: (body) => readLive(body, ['session', 'transport']), idIn };
  const fork: CallStart = { ...json, read: (body) => readLive(body, ['transport']), idIn };
  const accept: CallStart = { ...json, read: (body) => readLive(body, ['session']) };
  return [
    { method: 'POST', path, family, start: create },
    { method: 'POST', path: `${path}/{id}/accept`, family, start: accept },
    { method: 'POST', path: `${path}/{id}/fork`, family, start: fork },
    ...['reject', 'refer', 'hangup'].map((name) => ({ method: 'POST', path: `${path}/{id}/${name}`, family }) as const),
    { method: 'GET', path: `${path}/{id}/content`, family },
  ];
}

/** An offer alone names its model in the query, if at all; with a session beside it, it is a form. */
function readOffer(body: TypedBody, query: URLSearchParams): RequestedCall | CallFault {
  const { type, data } = body;
  if (/^application\/sdp\s*(?:;|$)/i.test(type)) {
    const model = query.get('model');
    return offered(data, model === null ? undefined : { type: 'realtime', model });
  }
  const parts = readForm(data, type);
  if (parts === undefined) return { field: '', expected: 'a form with the parts sdp and session, each once' };
  const [unknown] = parts.filter(({ name }) => name !== 'sdp' && name !== 'session');
  if (unknown !== undefined) return { field: unknown.name, expected: 'the parts sdp and session, and nothing else' };
  const partOf = (name: string): FormPart | undefined => parts.find((part) => part.name === name);
  const [sdp, session] = [partOf('sdp'), partOf('session')];
  if (sdp === undefined) return { field: 'sdp', expected: 'the offer of the caller' };
  return session === undefined
    ? offered(sdp.data)
    : withSession(session.data, 'session', (read) => offered(sdp.data, read));
}

/** The bytes of the offer go on as they came. */
function offered(sdp: Buffer, session?: JsonObject): RequestedCall | CallFault {
  if (sdp.toString('latin1', 0, 3) !== 'v=0')
    return { field: 'sdp', expected: 'an offer of SDP, which begins with v=0' };
  return {
    session: session ?? {},
    isOutbound: false,
    write(configured) {
      if (session === undefined && Object.keys(configured).length === 0) return { type: SDP, data: sdp };
      const parts = [
        { name: 'sdp', type: SDP, data: sdp },
        { name: 'session', type: JSON_TYPE, data: Buffer.from(JSON.stringify({ type: 'realtime', ...configured })) },
      ];
      return writeForm(parts, boundaryFor(sdp));
    },
  };
}

/** Makes a boundary that is not in the offer. */
function boundaryFor(sdp: Buffer): string {
  let boundary = 'trunkline';
  while (sdp.includes(boundary)) boundary = `trunkline-${crypto.randomUUID()}`;
  return boundary;
}

/** An incoming call is accepted with the session as the body. */
const readBareSession = ({ data }: TypedBody): RequestedCall | CallFault =>
  withSession(data, '', (session) => ({ session, isOutbound: false, write: jsonBody }));

/** The session of Live and its transport are fields of one object. */
function readLive({ data }: TypedBody, required: readonly string[]): RequestedCall | CallFault {
  const body = objectIn(data);
  if (body === undefined) return unreadable('');
  const missing = required.find((name) => !isObject(body[name]));
  if (missing !== undefined) return { field: missing, expected: 'an object' };
  const { session } = body;
  if (session !== undefined && !isObject(session)) return { field: 'session', expected: 'an object' };
  if (session?.model !== undefined && typeof session.model !== 'string') return noModel('session.model');
  return {
    session: session ?? {},
    isOutbound: isObject(body.transport) && body.transport.type !== 'webrtc',
    write: (configured) =>
      jsonBody(session === undefined && Object.keys(configured).length === 0 ? body : { ...body, session: configured }),
  };
}

function withSession(
  data: Buffer,
  field: string,
  next: (session: JsonObject) => RequestedCall | CallFault,
): RequestedCall | CallFault {
  const session = objectIn(data);
  if (session === undefined) return unreadable(field);
  if (session.model !== undefined && typeof session.model !== 'string')
    return noModel(field === '' ? 'model' : `${field}.model`);
  return next(session);
}

/** Reads an object that every parser reads alike. */
function objectIn(data: Buffer): JsonObject | undefined {
  const text = data.toString();
  const value = jsonFault(text) === undefined ? parseJson(text) : undefined;
  return isObject(value) ? value : undefined;
}

const unreadable = (field: string): CallFault => ({ field, expected: 'one JSON object, with each key once' });
const noModel = (field: string): CallFault => ({ field, expected: 'a text' });

const jsonBody = (body: JsonObject): TypedBody => ({ type: JSON_TYPE, data: Buffer.from(JSON.stringify(body)) });

/** `Location: /v1/realtime/calls/{id}`. */
const idInLocation: CallStart['idIn'] = ({ location }) => /\/calls\/([^/?#]+)(?:[?#].*)?$/.exec(location ?? '')?.[1];
