// Pins settings of Gemini Live as Google's ephemeral tokens do: what is locked overwrites the client's own `setup`, which is never refused for it.
// https://ai.google.dev/api/live#AuthToken

import { isDeepStrictEqual } from 'node:util';
import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import { jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { DialectPins, PinFault, PinRejection } from '../contract/pins.ts';
import { readStrictly } from '../guards/pin-guard.ts';
import { foldKey, pinnedMessage } from '../guards/pinned-settings.ts';
import { ownName } from './own-model.ts';

/**
 * The fields of a token. Without a field mask the setup is the token's, and that of the client is ignored; with one the fields that it
 * names are the token's, also those that the token has no value for.
 */
const tokenFields = ['bidiGenerateContentSetup', 'fieldMask'];

/** The settings that are locked: the paths of their fields, or all of them. */
interface Lock {
  readonly setup: JsonObject;
  readonly paths: readonly FieldPath[] | 'all';
}

type FieldPath = readonly string[];

/** Pins a setup, of which the fields that it has are locked, or the fields of a token. */
export function geminiPins(isAudio: (data: Buffer) => boolean): DialectPins {
  return {
    check,
    modelIn(session) {
      const model = valueAt(lockOf(session).setup, ['model']);
      return typeof model === 'string' ? ownName(model) : undefined;
    },
    hold(session) {
      const lock = lockOf(session);
      let hasSetup = false;
      return {
        fromClient(frame): OutFrame | PinRejection | undefined {
          if (hasSetup && !frame.binary && isAudio(frame.data)) return undefined;
          const read = readStrictly(frame);
          if ('code' in read) return read;
          const message = messageIn(read.event);
          if (message === undefined) return rejected('', 'expected a message with one field, of those that are known');
          if (message.kind !== 'setup' && !hasSetup)
            return rejected(message.kind, 'expected the setup before any other message');
          if (message.kind !== 'setup') return rejectionOf(message, lock);
          hasSetup = true;
          return jsonFrame({ setup: lockedSetup(message.value, lock) });
        },
      };
    },
  };
}

function check(session: JsonObject): PinFault | undefined {
  const isToken = isTokenForm(session);
  const odd = isToken && Object.keys(session).find((key) => !tokenFields.includes(key));
  if (odd) return { field: odd, expected: tokenFields.join(' or ') };
  const { bidiGenerateContentSetup: given = {}, fieldMask = '' } = session;
  if (isToken && !isObject(given)) return { field: 'bidiGenerateContentSetup', expected: 'an object' };
  if (typeof fieldMask !== 'string' || !/^(?:[\w*]+(?:\.\w+)*(?:,[\w*]+(?:\.\w+)*)*)?$/.test(fieldMask))
    return { field: 'fieldMask', expected: 'paths of fields, joined by commas' };
  const fault = setupFault(isToken ? (given as JsonObject) : session);
  return fault && { ...fault, field: isToken ? `bidiGenerateContentSetup.${fault.field}` : fault.field };
}

const forms: Readonly<Record<string, readonly [expected: string, fits: (value: unknown) => boolean]>> = {
  model: ['a text', (value) => typeof value === 'string'],
  generationconfig: ['an object', isObject],
  systeminstruction: ['an object', isObject],
  realtimeinputconfig: ['an object', isObject],
  tools: ['a list of objects', (value) => Array.isArray(value) && value.every(isObject)],
  setup: ['the fields of a setup, without the setup around them', () => false],
};

function setupFault(setup: JsonObject): PinFault | undefined {
  const seen = new Set<string>();
  for (const [field, value] of Object.entries(setup)) {
    const folded = foldKey(field);
    if (seen.has(folded)) return { field, expected: 'the field in one spelling only' };
    seen.add(folded);
    const [expected, fits] = forms[folded] ?? [];
    if (expected !== undefined && fits?.(value) === false) return { field, expected };
  }
  return undefined;
}

const isTokenForm = (session: JsonObject): boolean => tokenFields.some((field) => Object.hasOwn(session, field));

function lockOf(session: JsonObject): Lock {
  if (!isTokenForm(session)) return { setup: session, paths: pathsOf(session) };
  const setup = isObject(session.bidiGenerateContentSetup) ? session.bidiGenerateContentSetup : undefined;
  const mask = typeof session.fieldMask === 'string' ? session.fieldMask.split(',').filter(Boolean) : [];
  if (mask.includes('*') || (mask.length === 0 && setup !== undefined)) return { setup: setup ?? {}, paths: 'all' };
  return { setup: setup ?? {}, paths: mask.map((path) => wholeLists(path.split('.'), setup)) };
}

/** Cuts a path that goes on within a list, which a field mask cannot do: the list is locked as a whole. Some releases of the SDKs write `tools.0`. */
function wholeLists(path: FieldPath, setup: JsonObject = {}): FieldPath {
  const list = path.findIndex((_, at) => Array.isArray(valueAt(setup, path.slice(0, at + 1))));
  return list < 0 ? path : path.slice(0, list + 1);
}

/** The fields that a setup has, to the second level, as the mask that Google's SDKs make of it. */
function pathsOf(setup: JsonObject): FieldPath[] {
  return Object.entries(setup).flatMap(([field, value]) =>
    isObject(value) && Object.keys(value).length > 0 ? Object.keys(value).map((within) => [field, within]) : [[field]],
  );
}

interface ClientMessage {
  readonly kind: string;
  readonly value: unknown;
}

const kinds = ['setup', 'clientContent', 'realtimeInput', 'toolResponse', 'contextUpdate'];
const kindOf: ReadonlyMap<string, string> = new Map(
  kinds.flatMap((kind) =>
    [kind, kind.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`)].map((key) => [key, kind]),
  ),
);

/** Reads a message, which has one field. */
function messageIn(event: JsonObject): ClientMessage | undefined {
  const [[key, value] = ['', undefined], ...others] = Object.entries(event);
  const kind = kindOf.get(key);
  return kind === undefined || others.length > 0 || !isObject(value) ? undefined : { kind, value };
}

function rejectionOf({ kind, value }: ClientMessage, lock: Lock): PinRejection | undefined {
  const field = isObject(value) ? changedIn(kind, value, lock) : kind;
  return field === undefined ? undefined : rejected(field, pinnedMessage(field));
}

/** Returns the field by which a later message would change what is locked: an update of the context, a setting elsewhere, a turn of the system. */
function changedIn(kind: string, value: JsonObject, lock: Lock): string | undefined {
  if (kind === 'contextUpdate') {
    const changed = Object.entries(value).find(
      ([key, given]) => isLocked(key, lock) && !isDeepStrictEqual(given, valueAt(lock.setup, [key])),
    );
    return changed && `${kind}.${changed[0]}`;
  }
  const named = Object.keys(value).find((key) => namesLocked(key, lock));
  if (named !== undefined) return `${kind}.${named}`;
  if (kind !== 'clientContent' || !isLocked('systemInstruction', lock)) return undefined;
  const odd = Object.keys(value).find((key) => !contentFields.has(foldKey(key)));
  if (odd !== undefined) return `${kind}.${odd}`;
  const turns = Object.entries(value).flatMap(([key, given]) => (foldKey(key) === 'turns' ? [given].flat() : []));
  return turns.every(isOfTurn) ? undefined : `${kind}.turns`;
}

const contentFields = new Set(['turns', 'turncomplete']);
const roles = new Set<unknown>(['user', 'model', 'function', 'tool']);

/** Tells whether a turn is one of those that are no instructions. */
function isOfTurn(turn: unknown): boolean {
  if (!isObject(turn)) return false;
  return Object.entries(turn).every(([key, value]) => foldKey(key) !== 'role' || (key === 'role' && roles.has(value)));
}

const isLocked = (field: string, { paths }: Lock): boolean =>
  paths === 'all' || paths.some(([first = '']) => foldKey(first) === foldKey(field));

const settings = ['model', 'generationConfig', 'systemInstruction', 'tools'];

/** Tells whether a field that has no setting in it has the name of a locked one. */
const namesLocked = (field: string, { setup, paths }: Lock): boolean => {
  const names = paths === 'all' ? [...settings, ...Object.keys(setup)] : paths.map(([first = '']) => first);
  return names.some((name) => foldKey(name) === foldKey(field));
};

const rejected = (field: string, message: string): PinRejection => ({ code: 'pinned', message, field });

/** The setup that the provider gets. A handle belongs to one connection: it is the client's, where the token lets sessions be resumed. */
function lockedSetup(given: unknown, { setup, paths }: Lock): JsonObject {
  const client = isObject(given) ? given : {};
  if (paths !== 'all') return paths.reduce((merged, path) => overwritten(merged, path, valueAt(setup, path)), client);
  const handle = valueAt(client, ['sessionResumption', 'handle']);
  const resumption = valueAt(setup, ['sessionResumption']);
  if (typeof handle !== 'string' || !isObject(resumption)) return setup;
  return overwritten(setup, ['sessionResumption', 'handle'], valueAt(resumption, ['handle']) ?? handle);
}

/** Puts a value in the place of a field, however that is spelled; undefined takes it away. */
function overwritten(object: JsonObject, [field = '', ...within]: FieldPath, value: unknown): JsonObject {
  const spellings = Object.keys(object).filter((key) => foldKey(key) === foldKey(field));
  const rest = Object.fromEntries(Object.entries(object).filter(([key]) => !spellings.includes(key)));
  const inner =
    within.length === 0
      ? value
      : innerOf(
          spellings.map((key) => object[key]),
          within,
          value,
        );
  return inner === undefined ? rest : { ...rest, [spellings[0] ?? field]: inner };
}

function innerOf(groups: readonly unknown[], within: FieldPath, value: unknown): JsonObject | undefined {
  const found = groups.filter(isObject);
  if (found.length === 0 && value === undefined) return undefined;
  return overwritten(Object.assign({}, ...found), within, value);
}

/** The value at a path, however its fields are spelled. */
function valueAt(object: JsonObject, [field = '', ...within]: FieldPath): unknown {
  const key = Object.keys(object).find((name) => foldKey(name) === foldKey(field));
  const value = key === undefined ? undefined : object[key];
  if (within.length === 0) return value;
  return isObject(value) ? valueAt(value, within) : undefined;
}
