// Reads the parameters of a query wherever a provider may find them, and refuses a query that providers may read differently.

import type { Handshake, ServedEndpoint } from '../contract.ts';
import type { Refusal } from '../refusal.ts';

/** The query as URLs are read, and, where it has a semicolon, as servers read it for which that separates like `&`. */
function readingsOf({ rawQuery = '' }: Pick<Handshake, 'rawQuery'>): readonly URLSearchParams[] {
  const read = new URLSearchParams(rawQuery);
  return rawQuery.includes(';') ? [read, new URLSearchParams(rawQuery.replaceAll(';', '&'))] : [read];
}

/** The parameters of every reading. */
export function parametersOf(
  handshake: Pick<Handshake, 'rawQuery'>,
): readonly (readonly [name: string, value: string])[] {
  return readingsOf(handshake).flatMap((reading) => [...reading]);
}

/** The different values of a parameter, however its name is written, without empty ones. */
export function valuesIn(handshake: Pick<Handshake, 'rawQuery'>, parameter: string): readonly string[] {
  const wanted = foldedName(parameter);
  const named = parametersOf(handshake).filter(([name, value]) => foldedName(name) === wanted && value !== '');
  return [...new Set(named.map(([, value]) => value))];
}

/** Refuses a query that has a parameter of `once` more than once, empty ones included: the one that a provider reads is not known. */
export function refusedTwice(
  handshake: Pick<Handshake, 'rawQuery'>,
  { namedIn, once = [] }: Pick<ServedEndpoint, 'namedIn' | 'once'>,
): Refusal | undefined {
  const readings = readingsOf(handshake).map((reading) => [...reading.keys()].map(foldedName));
  const deciding = namedIn === undefined ? once : [namedIn, ...once];
  const twice = deciding.find((name) =>
    readings.some((names) => names.indexOf(foldedName(name)) !== names.lastIndexOf(foldedName(name))),
  );
  if (twice === undefined) return undefined;
  return { status: 400, code: 'invalid_request', message: `The query has ${twice} more than once: send it once.` };
}

/** Some servers take a name in any case, and some with either sign between its words. */
export const foldedName = (name: string): string => name.toLowerCase().replaceAll('_', '-');
