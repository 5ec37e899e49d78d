// Which prompt class and data class a chat completion has: what its key, its route and its headers say. A client can only tighten.

import { REHEARSAL_NAME, rehearsalClass } from '../../../config/rehearsal.ts';
import type { Key } from '../../../config/schema.ts';
import type { ClassConfig } from '../../../config/side-schema.ts';
import type { HttpProblem } from '../../../http/problem.ts';
import type { DataClass } from '../../../ipc/records.ts';
import type { SideRequest } from '../../../ipc/side-request.ts';
import { invalidRequest, type SideHttpOptions } from '../handler.ts';
import { isProblem, shortened } from '../query.ts';

type Config = SideHttpOptions['config'];

export interface ChatClass {
  readonly promptClass: string;
  readonly settings: ClassConfig;
  readonly dataClass: DataClass;
}

/** The configured classes; without any, the class of the rehearsal. */
export function classesOf({ classes, hasRehearsalGateway }: Config): Readonly<Record<string, ClassConfig>> {
  return Object.keys(classes).length === 0 && hasRehearsalGateway ? { [REHEARSAL_NAME]: rehearsalClass } : classes;
}

function keyOf({ requester }: Pick<SideRequest, 'requester'>, { keys }: Config): Key | undefined {
  return requester.scope === 'key' ? keys.find(({ id }) => id === requester.key) : undefined;
}

/** The classes that the requester's key may use; undefined: all. */
export function allowedClasses(asked: Pick<SideRequest, 'requester'>, config: Config): readonly string[] | undefined {
  const key = keyOf(asked, config);
  return key?.class === undefined ? key?.classes : [key.class];
}

/** In this order: the class of the key, of the path, of the header, the first that the key may use, the first of the configuration. */
export function chatClassOf(asked: SideRequest, config: Config): ChatClass | HttpProblem {
  const classes = classesOf(config);
  const [first] = Object.keys(classes);
  if (first === undefined) return nothingConfigured;
  const wanted = wantedClass(asked, config, asked.headers['x-trunkline-class']);
  if (isProblem(wanted)) return wanted;
  const allowed = allowedClasses(asked, config);
  const name = wanted ?? allowed?.find((one) => Object.hasOwn(classes, one)) ?? first;
  const settings = Object.hasOwn(classes, name) ? classes[name] : undefined;
  if (settings === undefined) {
    return classProblem(`expected one of the classes ${Object.keys(classes).join(', ')}, got "${shortened(name)}"`);
  }
  if (allowed?.includes(name) === false) return forbiddenClass(allowed, name);
  const dataClass = dataClassOf(asked, config);
  return typeof dataClass === 'object' ? dataClass : { promptClass: name, settings, dataClass };
}

/** The class of the key or of the path, else the one that is asked for: who is bound to a class may not ask for another. */
export function wantedClass(
  asked: Pick<SideRequest, 'requester' | 'path'>,
  config: Config,
  wanted: string | undefined,
): string | undefined | HttpProblem {
  const ofKey = keyOf(asked, config)?.class;
  const bound = ofKey ?? config.routes[asked.path]?.class;
  if (bound === undefined || wanted === undefined || wanted === bound) return bound ?? wanted;
  const who = ofKey === undefined ? 'path' : 'key';
  return classProblem(`this ${who} is bound to the class ${bound}, got "${shortened(wanted)}"`);
}

/** `regulated` where the header, the key or the route says so. */
export function dataClassOf(asked: SideRequest, config: Config): DataClass | HttpProblem {
  const { headers, path } = asked;
  const wanted = headers['x-trunkline-data-class'] ?? 'open';
  if (wanted !== 'open' && wanted !== 'regulated') {
    return invalidRequest(`expected open or regulated, got "${shortened(wanted)}"`, 'x-trunkline-data-class');
  }
  return [wanted, keyOf(asked, config)?.dataClass, config.routes[path]?.dataClass].includes('regulated')
    ? 'regulated'
    : 'open';
}

/** A class that there is, and that this key may not use. */
export const forbiddenClass = (allowed: readonly string[], name: string): HttpProblem => ({
  status: 403,
  code: 'class_not_allowed',
  message: `this key may use ${allowed.length === 1 ? 'the class' : 'the classes'} ${allowed.join(', ')}, got "${shortened(name)}"`,
  param: 'x-trunkline-class',
});

const classProblem = (message: string): HttpProblem => ({
  status: 400,
  code: 'unknown_class',
  message,
  param: 'x-trunkline-class',
});

const nothingConfigured: HttpProblem = {
  status: 501,
  code: 'no_gateway',
  message: 'no class is configured; expected gateways and classes in the configuration',
  shouldRetry: false,
};
