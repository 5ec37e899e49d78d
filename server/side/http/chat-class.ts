// Which prompt class and data class a chat completion has: what its key, its route and its headers say. A client can only tighten.

import type { Problem } from '../../side-error.ts';
import type { DataClass } from '../records.ts';
import type { SideRequest } from '../side-request.ts';
import type { ClassConfig } from '../side-schema.ts';
import { STAND_IN, standInClass } from '../stand-in-config.ts';
import { isProblem, shown } from './query.ts';
import { invalid, type SideHttpOptions } from './route.ts';

type Config = SideHttpOptions['config'];

export interface ChatClass {
  readonly promptClass: string;
  readonly settings: ClassConfig;
  readonly dataClass: DataClass;
}

/** The classes that there are; the stand-in's where a rehearsal has no other. */
export function classesOf({ classes, standIn }: Config): Readonly<Record<string, ClassConfig>> {
  return Object.keys(classes).length === 0 && standIn ? { [STAND_IN]: standInClass } : classes;
}

/** The class that the requester's key is bound to. */
export function boundClass({ requester }: Pick<SideRequest, 'requester'>, { keys }: Config): string | undefined {
  return requester.scope === 'key' ? keys.find(({ id }) => id === requester.key)?.class : undefined;
}

/** In this order: the key's class, the header, the route, the first of the configuration. */
export function chatClassOf(asked: SideRequest, config: Config): ChatClass | Problem {
  const classes = classesOf(config);
  const [first] = Object.keys(classes);
  if (first === undefined) return nothingConfigured;
  const wanted = wantedClass(asked, config, asked.headers['x-trunkline-class']);
  if (isProblem(wanted)) return wanted;
  const name = wanted ?? config.routes[asked.path]?.class ?? first;
  const settings = Object.hasOwn(classes, name) ? classes[name] : undefined;
  if (settings === undefined) {
    return classProblem(`expected one of the classes ${Object.keys(classes).join(', ')}, got "${shown(name)}"`);
  }
  const dataClass = dataClassOf(asked, config);
  return typeof dataClass === 'object' ? dataClass : { promptClass: name, settings, dataClass };
}

/** The key's class, else the one that is asked for; a key that is bound to a class may not ask for another. */
export function wantedClass(
  asked: Pick<SideRequest, 'requester'>,
  config: Config,
  wanted: string | undefined,
): string | undefined | Problem {
  const bound = boundClass(asked, config);
  const isOther = bound !== undefined && wanted !== undefined && wanted !== bound;
  return isOther ? classProblem(`this key is bound to the class ${bound}, got "${shown(wanted)}"`) : (bound ?? wanted);
}

/** `regulated` where the header, the key or the route says so. */
export function dataClassOf({ requester, headers, path }: SideRequest, { keys, routes }: Config): DataClass | Problem {
  const wanted = headers['x-trunkline-data-class'] ?? 'open';
  if (wanted !== 'open' && wanted !== 'regulated') {
    return invalid(`expected open or regulated, got "${shown(wanted)}"`, 'x-trunkline-data-class');
  }
  const key = requester.scope === 'key' ? keys.find(({ id }) => id === requester.key) : undefined;
  return [wanted, key?.dataClass, routes[path]?.dataClass].includes('regulated') ? 'regulated' : 'open';
}

const classProblem = (message: string): Problem => ({
  status: 400,
  code: 'unknown_class',
  message,
  param: 'x-trunkline-class',
});

const nothingConfigured: Problem = {
  status: 501,
  code: 'no_gateway',
  message: 'no class is configured; expected gateways and classes in the configuration',
  shouldRetry: false,
};
