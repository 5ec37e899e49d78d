// The settings of a session that are pinned, and what in a client's event would change one of them. A dialect tells where its events have
// settings; whatever else an event has must not even mention a pinned one.

import { isDeepStrictEqual } from 'node:util';
import { isObject, type JsonObject, textAt } from '../../../codecs/json/object.ts';
import type { PinFault } from '../contract/pins.ts';

/**
 * The place of settings: by key the name of a setting, further places, what checks the value, or `free` where the client may say what it
 * likes. A setting has one name, however many places an event has for it: the path that it has in a session.
 */
export interface SettingPlaces {
  readonly [key: string]: SettingPlace;
}

type SettingPlace = string | SettingPlaces | PlaceCheck | typeof FREE;

export const FREE: unique symbol = Symbol('free');

/** Returns the path of what the value would change; undefined: nothing that is pinned. */
export type PlaceCheck = (value: unknown, pinned: PinnedSettings, path: string) => string | undefined;

/** Checks an id, a number or sound: nothing can be in it. */
export const PLAIN: PlaceCheck = (value, _, path) => (typeof value === 'object' && value !== null ? path : undefined);

export interface PinnedSettings {
  /** By name. */
  readonly values: ReadonlyMap<string, unknown>;
  /** Settings that may bring any other: the client may not give them. */
  readonly closed: ReadonlySet<string>;
  /** The keys of all of them, folded. */
  readonly words: ReadonlySet<string>;
}

export interface SettingRules {
  /** The places of a session's configuration. */
  readonly session: SettingPlaces;
  /** Names of settings that bring others, and are closed as soon as anything but `identity` is pinned. */
  readonly bringers: readonly string[];
  /** Names of settings by which a session is known, and which nothing else can change. */
  readonly identity: readonly string[];
  /** Keys within a setting, by its name, that would change it wherever they stand. */
  readonly parts?: Readonly<Record<string, readonly string[]>>;
  /** The form of some settings by name, and what is expected of it. */
  readonly forms: Readonly<Record<string, SettingForm>>;
}

interface SettingForm {
  readonly expected: string;
  fits(value: unknown): boolean;
}

const text: SettingForm = { expected: 'a text', fits: (value) => typeof value === 'string' };
const objects: SettingForm = {
  expected: 'a list of objects',
  fits: (value) => Array.isArray(value) && value.every(isObject),
};
const objectOrNull: SettingForm = { expected: 'an object or null', fits: (value) => value === null || isObject(value) };
const textOrObject: SettingForm = {
  expected: 'a text or an object',
  fits: (value) => typeof value === 'string' || isObject(value),
};
const object: SettingForm = { expected: 'an object', fits: isObject };
export const forms = { text, object, objects, objectOrNull, textOrObject };

/** Makes settings that are named like their keys. */
export function named(...keys: readonly string[]): SettingPlaces {
  return Object.fromEntries(keys.map((key) => [key, key]));
}

/** Keys that mean too many things to be looked for everywhere. */
const common = new Set(['type', 'input']);

/** Folds a key, so that all spellings in which some parser could take it are one: case, forms of letters, what joins words. */
export const foldKey = (key: string): string =>
  key
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '');

/** Implements `DialectPins.check`. */
export function settingsFault(session: JsonObject, rules: SettingRules): PinFault | undefined {
  const names = new Set<string>();
  return faultIn(session, rules.session, (name, value, field) => {
    if (names.has(name)) return { field, expected: 'the setting in one place only' };
    names.add(name);
    const form = rules.forms[name];
    return form === undefined || form.fits(value) ? undefined : { field, expected: form.expected };
  });
}

type SettingCheck = (name: string, value: unknown, field: string) => PinFault | undefined;

function faultIn(object: JsonObject, places: SettingPlaces, check: SettingCheck, above = ''): PinFault | undefined {
  const known = new Map(Object.keys(places).map((key) => [foldKey(key), key]));
  for (const [key, value] of Object.entries(object)) {
    const field = above + key;
    const meant = known.get(foldKey(key));
    if (meant !== undefined && meant !== key && !Object.hasOwn(places, key))
      return { field, expected: `the name ${above}${meant}` };
    if (foldKey(key) === '' || key === '__proto__') return { field, expected: 'the name of a setting' };
    const place = placeAt(places, key);
    const fault = isPlaces(place)
      ? isObject(value)
        ? faultIn(value, place, check, `${field}.`)
        : { field, expected: 'an object' }
      : check(typeof place === 'string' ? place : field, value, field);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Reads settings that were checked. */
export function pinSettings(session: JsonObject, rules: SettingRules): PinnedSettings {
  const given = settingsIn(session, rules.session);
  const values = new Map(given.map(({ name, value }) => [name, value]));
  const isBare = given.every(({ name }) => rules.identity.includes(name));
  const closed = new Set(isBare ? [] : rules.bringers);
  const others = keysOf(rules.session).filter(([, name]) => values.has(name) || closed.has(name));
  const parts = [...values.keys()].flatMap((name) => rules.parts?.[name] ?? []);
  const words = [...given.map(({ key }) => key), ...others.map(([key]) => key), ...parts];
  return { values, closed, words: new Set(words.filter((word) => !common.has(word)).map(foldKey)) };
}

interface GivenSetting {
  readonly key: string;
  readonly name: string;
  readonly value: unknown;
}

function settingsIn(object: JsonObject, places: SettingPlaces, above = ''): GivenSetting[] {
  return Object.entries(object).flatMap(([key, value]) => {
    const place = placeAt(places, key);
    if (isPlaces(place) && isObject(value)) return settingsIn(value, place, `${above}${key}.`);
    return [{ key, name: typeof place === 'string' ? place : above + key, value }];
  });
}

/** The keys by which a setting is given, with its name. */
function keysOf(places: SettingPlaces): [key: string, name: string][] {
  return Object.entries(places).flatMap(([key, place]) =>
    typeof place === 'string' ? [[key, place]] : isPlaces(place) ? keysOf(place) : [],
  );
}

/** Returns the path of what would change a pinned setting; undefined: nothing would. */
export function changedIn(
  object: JsonObject,
  places: SettingPlaces,
  pinned: PinnedSettings,
  above = '',
): string | undefined {
  for (const [key, value] of Object.entries(object)) {
    const place = placeAt(places, key) ?? unknownPlace(key, places);
    const changed = changedBy(value, place, pinned, above + key);
    if (changed !== undefined) return changed;
  }
  return undefined;
}

function changedBy(value: unknown, place: SettingPlace, pinned: PinnedSettings, path: string): string | undefined {
  if (place === FREE) return undefined;
  if (typeof place === 'string') return mayGive(place, value, pinned) ? undefined : path;
  if (typeof place === 'function') return place(value, pinned, path);
  if (isObject(value)) return changedIn(value, place, pinned, `${path}.`);
  // A value that is no object may do away with all settings in it.
  return keysOf(place).some(([, name]) => isHeld(name, pinned)) ? path : undefined;
}

/** Checks what nobody knows: it must be no other spelling of a known key, and not even mention a pinned setting. */
const unknownPlace =
  (key: string, places: SettingPlaces): PlaceCheck =>
  (value, { words }, path) => {
    const isRespelled = Object.keys(places).some((known) => foldKey(known) === foldKey(key));
    return isRespelled || mentionsAny({ [key]: value }, words) ? path : undefined;
  };

const isHeld = (name: string, { values, closed }: PinnedSettings): boolean => values.has(name) || closed.has(name);

/** A pinned setting may be given with the very value that it has. */
function mayGive(name: string, value: unknown, { values, closed }: PinnedSettings): boolean {
  if (values.has(name)) return isDeepStrictEqual(value, values.get(name));
  return !closed.has(name) || value === null;
}

/** Tells whether a key at any depth is one of these, in any spelling. The caller must limit the depth of values. */
function mentionsAny(value: unknown, words: ReadonlySet<string>): boolean {
  if (Array.isArray(value)) return value.some((item) => mentionsAny(item, words));
  if (!isObject(value)) return false;
  return Object.entries(value).some(([key, item]) => words.has(foldKey(key)) || mentionsAny(item, words));
}

export const pinnedMessage = (field: string): string =>
  `${field} would change what the client secret pins: expected the event without it`;

/** Returns the object with the pinned settings in their places. */
export function withPinned(object: JsonObject, session: JsonObject, places: SettingPlaces): JsonObject {
  const merged: Record<string, unknown> = { ...object };
  for (const [key, value] of Object.entries(session)) {
    const place = placeAt(places, key);
    const given = merged[key];
    merged[key] = isPlaces(place) && isObject(value) ? withPinned(isObject(given) ? given : {}, value, place) : value;
  }
  return merged;
}

/** Items of a conversation in which a client could say what instructions or tools say. */
interface ItemRules {
  readonly types: readonly string[];
  /** Names of settings that such items would add to. */
  readonly guards: readonly string[];
}

/** Makes the check of a setting that is pinned as a whole, or is checked otherwise. */
export const unlessPinned =
  (name: string, check: PlaceCheck): PlaceCheck =>
  (value, pinned, path) => {
    if (!pinned.values.has(name)) return check(value, pinned, path);
    return mayGive(name, value, pinned) ? undefined : path;
  };

const roles = new Set<unknown>(['user', 'assistant']);

/** Makes the check of items: with instructions or tools pinned they are what users and assistants say, and the results of tools. */
export function itemCheck({ types, guards }: ItemRules): PlaceCheck {
  return function check(value, pinned, path): string | undefined {
    if (!guards.some((name) => pinned.values.has(name)) || value === null || typeof value === 'string')
      return undefined;
    if (Array.isArray(value)) return value.map((item, at) => check(item, pinned, `${path}[${at}]`)).find(Boolean);
    if (!isObject(value)) return path;
    const [type, role] = [value.type, value.role];
    if (role !== undefined && !roles.has(role)) return `${path}.role`;
    if (type !== undefined && !types.includes(textAt(value, 'type') ?? '')) return `${path}.type`;
    const odd = Object.keys(value).find((key) => isOddKey(key, pinned.words));
    return odd === undefined ? undefined : `${path}.${odd}`;
  };
}

const isOddKey = (key: string, words: ReadonlySet<string>): boolean => {
  const folded = foldKey(key);
  return words.has(folded) || ((folded === 'role' || folded === 'type') && folded !== key);
};

const placeAt = (places: SettingPlaces, key: string): SettingPlace | undefined =>
  Object.hasOwn(places, key) ? places[key] : undefined;

const isPlaces = (place: SettingPlace | undefined): place is SettingPlaces => typeof place === 'object';
