// Finds the prompt class and the data class of a chat completion, and the settings that go with them.

import { REHEARSAL_NAME, rehearsalClass } from '../../../config/rehearsal.ts';
import type { ClassConfig } from '../../../config/side-schema.ts';
import {
  CLASS_HEADER,
  type ClassBinding,
  chooseDataClass,
  choosePromptClass,
  DATA_CLASS_HEADER,
} from '../../../http/class-policy.ts';
import type { HttpProblem } from '../../../http/problem.ts';
import type { SideRequest } from '../../../ipc/side-request.ts';
import type { DataClass } from '../../../ipc/stored-rows.ts';
import type { SideHttpOptions } from '../handler.ts';

type Config = SideHttpOptions['config'];

interface ChatClass {
  readonly promptClass: string;
  readonly settings: ClassConfig;
  readonly dataClass: DataClass;
}

/** The configured classes; without any, the class of the rehearsal. */
export function classesOf({ classes, hasRehearsalGateway }: Config): Readonly<Record<string, ClassConfig>> {
  return Object.keys(classes).length === 0 && hasRehearsalGateway ? { [REHEARSAL_NAME]: rehearsalClass } : classes;
}

/** Classes that the requester's key and the path are bound to. */
export function classBinding(
  { requester, path }: Pick<SideRequest, 'requester' | 'path'>,
  config: Config,
): ClassBinding {
  const key = requester.scope === 'key' ? config.keys.find(({ id }) => id === requester.key) : undefined;
  return { key, route: config.routes[path] };
}

/** A client that names no class gets the first that its key lists, or the first of the configuration. */
export function chatClassOf(request: SideRequest, config: Config): ChatClass | HttpProblem {
  const classes = classesOf(config);
  const known = Object.keys(classes);
  if (known.length === 0) return nothingConfigured;
  const binding = classBinding(request, config);
  const listed = binding.key?.classes?.filter((name) => known.includes(name)) ?? [];
  const choice = { ...binding, requested: request.headers[CLASS_HEADER], known, defaults: [...listed, ...known] };
  const promptClass = choosePromptClass(choice);
  if (typeof promptClass === 'object') return promptClass;
  const dataClass = chooseDataClass(request.headers[DATA_CLASS_HEADER], binding);
  if (typeof dataClass === 'object') return dataClass;
  const settings = classes[promptClass];
  return settings === undefined ? nothingConfigured : { promptClass, settings, dataClass };
}

const nothingConfigured: HttpProblem = {
  status: 501,
  code: 'no_gateway',
  message: 'no class is configured; expected gateways and classes in the configuration',
  shouldRetry: false,
};
