// The prompt class and the data class of a session: from its key, its route, and what the client asks for. A client can only tighten.

import type { Handshake, Refusal } from '../../../adapters/realtime/contract.ts';
import type { Config, Key } from '../../config/config.ts';
import { DEFAULT_CLASS } from '../../config/side-schema.ts';
import type { DataClass } from '../../ipc/records.ts';

export interface SessionClass {
  readonly promptClass: string;
  readonly dataClass: DataClass;
}

const CLASS_HEADER = 'x-trunkline-class';
const DATA_CLASS_HEADER = 'x-trunkline-data-class';

/** The key's word comes before the route's; `regulated` on either side holds. The headers never go upstream. */
export function classOf(
  { path, headers }: Handshake,
  key: Key | undefined,
  config: Pick<Config, 'classes' | 'keys' | 'routes'>,
): SessionClass | Refusal {
  const route = config.routes[path];
  const given = key?.class ?? route?.class;
  const promptClass = promptClassOf(headers[CLASS_HEADER], given, () => knownClasses(config));
  if (typeof promptClass === 'object') return promptClass;
  // What a session has without a word is nothing that a client asks for.
  if (promptClass !== (given ?? DEFAULT_CLASS) && key?.classes?.includes(promptClass) === false)
    return notAllowed(key.classes);
  const isRegulated = key?.dataClass === 'regulated' || route?.dataClass === 'regulated';
  const dataClass = dataClassOf(headers[DATA_CLASS_HEADER], isRegulated);
  return typeof dataClass === 'object' ? dataClass : { promptClass, dataClass };
}

type Header = string | readonly string[] | undefined;

function promptClassOf(asked: Header, given: string | undefined, known: () => readonly string[]): string | Refusal {
  if (asked === undefined) return given ?? DEFAULT_CLASS;
  const expected = given === undefined ? known() : [given];
  if (typeof asked === 'string' && expected.includes(asked)) return asked;
  return invalid(CLASS_HEADER, expected);
}

function dataClassOf(asked: Header, isRegulated: boolean): DataClass | Refusal {
  if (asked === 'regulated' || asked === undefined) return asked ?? (isRegulated ? 'regulated' : 'open');
  if (asked === 'open' && !isRegulated) return 'open';
  return invalid(DATA_CLASS_HEADER, isRegulated ? ['regulated'] : ['open', 'regulated']);
}

function knownClasses({ classes, keys, routes }: Pick<Config, 'classes' | 'keys' | 'routes'>): readonly string[] {
  const given = [...keys, ...Object.values(routes)].flatMap((one) => one.class ?? []);
  return [...new Set([DEFAULT_CLASS, ...Object.keys(classes), ...given])];
}

const notAllowed = (classes: readonly string[]): Refusal => ({
  status: 403,
  code: 'class_not_allowed',
  message: `unexpected ${CLASS_HEADER}; this key may use ${classes.join(' or ')}`,
});

function invalid(header: string, expected: readonly string[]): Refusal {
  const message = `unexpected ${header}; expected ${expected.join(' or ')}`;
  return { status: 400, code: 'invalid_request', message };
}
