// Decides the prompt class and the data class of a session, a call or a task. Rule: the class of the key is taken, else that of the
// path. A client may name another class only where both have none, and only one of `keys[].classes`. No client can undo `regulated`.

import { unknownName } from '../../codecs/text/nearest-names.ts';
import type { Key } from '../config/config.ts';
import { DEFAULT_CLASS, REHEARSAL_NAME } from '../config/file/words.ts';
import type { Problem } from '../config/problem.ts';
import type { SideConfig } from '../config/side-schema.ts';
import type { DataClass } from '../ipc/stored-rows.ts';
import { type HttpProblem, shortened } from './problem.ts';

export const CLASS_HEADER = 'x-trunkline-class';
export const DATA_CLASS_HEADER = 'x-trunkline-data-class';

/** Settings of the key and of the path of a request. */
export interface ClassBinding {
  /** The key of the client; undefined in open mode. */
  readonly key: (Pick<Key, 'class' | 'dataClass'> & { readonly classes?: readonly string[] | undefined }) | undefined;
  readonly route: SideConfig['routes'][string] | undefined;
}

interface AskedClass extends ClassBinding {
  /** The class that the client names; undefined when it names none. */
  readonly requested: string | undefined;
}

interface ClassRequest extends AskedClass {
  /** All classes. */
  readonly known: readonly string[];
  /** Classes for a client that names none. The first that its key may use is taken. */
  readonly defaults: readonly string[];
}

/** A refusal of what the client asks for. `param` is the header by which it asks. */
export interface ClassProblem extends HttpProblem {
  readonly status: 400 | 403;
  readonly code: 'unknown_class' | 'class_not_allowed' | 'invalid_request';
  readonly param: string;
}

/** The classes of calls. That of the rehearsal cannot be configured. */
export function classNames({ classes, hasRehearsalGateway }: Pick<SideConfig, 'classes' | 'hasRehearsalGateway'>) {
  return [...Object.keys(classes), ...(hasRehearsalGateway ? [REHEARSAL_NAME] : [])];
}

/** Checks the classes that a key names. `at`: the path of the key with a dot behind it; '' for that of a request. */
export function keyClassProblems(
  { class: bound, classes = [], budgets = [] }: Pick<Key, 'class' | 'classes' | 'budgets'>,
  at: string,
  config: Pick<SideConfig, 'classes' | 'hasRehearsalGateway'>,
): Problem[] {
  const known = [...classNames(config), DEFAULT_CLASS];
  const named = [
    [`${at}class`, bound],
    ...classes.map((name, index) => [`${at}classes[${index}]`, name]),
    ...budgets.map((budget, index) => [`${at}budgets[${index}].class`, budget.class]),
  ] as const;
  const unknown = named.flatMap(([path = '', name]) =>
    name === undefined || known.includes(name) ? [] : [{ path, message: unknownName('class', name, known) }],
  );
  if (bound === undefined || classes.length === 0) return unknown;
  return [...unknown, { path: `${at}classes`, message: `expected class or classes: this key is bound to ${bound}` }];
}

export function choosePromptClass({ requested, key, route, known, defaults }: ClassRequest): string | ClassProblem {
  const bound = key?.class ?? route?.class;
  if (bound !== undefined && requested !== undefined && requested !== bound)
    return unknownClass(`this ${key?.class === undefined ? 'path' : 'key'} is bound to the class ${bound}`, requested);
  const isAllowed = (name: string) => key?.classes?.includes(name) !== false;
  const name = bound ?? requested ?? defaults.find(isAllowed) ?? defaults[0];
  if (name === undefined || !known.includes(name))
    return unknownClass(`expected one of the classes ${known.join(', ')}`, name);
  return bound !== undefined || isAllowed(name) ? name : notAllowed(key?.classes ?? [], name);
}

/** The class of a session, which is `realtime` where nobody names one: every key may use that, and whatever it is bound to. */
export function chooseSessionClass(
  { requested, key, route }: AskedClass,
  config: Pick<SideConfig, 'classes' | 'hasRehearsalGateway'>,
): string | ClassProblem {
  const bound = key?.class ?? route?.class ?? [];
  return choosePromptClass({
    ...{ requested, route },
    key: key && { ...key, classes: key.classes && withDefault(key.classes) },
    known: withDefault([bound, classNames(config)].flat()),
    defaults: [DEFAULT_CLASS],
  });
}

const withDefault = (classes: readonly string[]): readonly string[] => [...new Set([DEFAULT_CLASS, ...classes])];

/** Takes the value of the header; undefined when there is none. */
export function chooseDataClass(requested: string | undefined, { key, route }: ClassBinding): DataClass | ClassProblem {
  const isRegulated = key?.dataClass === 'regulated' || route?.dataClass === 'regulated';
  if (requested === undefined) return isRegulated ? 'regulated' : 'open';
  if (requested === 'regulated' || (requested === 'open' && !isRegulated)) return requested;
  const expected = isRegulated ? 'expected regulated' : 'expected open or regulated';
  const message = `${expected}, got "${shortened(requested)}"`;
  return { status: 400, code: 'invalid_request', message, param: DATA_CLASS_HEADER };
}

function unknownClass(message: string, name: string | undefined): ClassProblem {
  const got = name === undefined ? '' : `, got "${shortened(name)}"`;
  return { status: 400, code: 'unknown_class', message: message + got, param: CLASS_HEADER };
}

function notAllowed(classes: readonly string[], name: string): ClassProblem {
  const message = `this key may use ${classes.length === 1 ? 'the class' : 'the classes'} ${classes.join(', ')}, got "${shortened(name)}"`;
  return { status: 403, code: 'class_not_allowed', message, param: CLASS_HEADER };
}
