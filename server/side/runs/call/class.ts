// Finds the prompt class and the data class of a client's call, and the settings that go with them.

import { REHEARSAL_NAME } from '../../../config/file/words.ts';
import { rehearsalClass } from '../../../config/rehearsal/rehearsal.ts';
import type { ClassConfig } from '../../../config/side/llm-schema.ts';
import type { SideConfig } from '../../../config/side-schema.ts';
import {
  CLASS_HEADER,
  type ClassBinding,
  chooseDataClass,
  choosePromptClass,
  DATA_CLASS_HEADER,
} from '../../../http/class-policy.ts';
import { type HttpProblem, shortened } from '../../../http/problem.ts';
import type { SideRequest } from '../../../ipc/side-request.ts';
import type { DataClass } from '../../../ipc/stored-rows.ts';
import type { Catalogues } from '../../llm/catalogue/known.ts';
import { modelNames } from './model-names.ts';
import { unknownModel } from './unknown-model.ts';

type Config = Pick<SideConfig, 'classes' | 'gateways' | 'aliases' | 'hasRehearsalGateway' | 'routes'>;

interface ChatClass {
  readonly promptClass: string;
  readonly settings: ClassConfig;
  readonly dataClass: DataClass;
  /** The target that is asked first; undefined: any. */
  readonly model: string | undefined;
}

/** The configured classes; without any, the class of the rehearsal. */
function classesOf({ classes, hasRehearsalGateway }: Config): Readonly<Record<string, ClassConfig>> {
  return Object.keys(classes).length === 0 && hasRehearsalGateway ? { [REHEARSAL_NAME]: rehearsalClass } : classes;
}

/** Classes that the requester's key and the path are bound to. */
export function classBinding(
  { requester, path }: Pick<SideRequest, 'requester' | 'path'>,
  config: Config,
): ClassBinding {
  return { key: requester.settings, route: config.routes[path] };
}

interface ChatScope {
  /** The classes that the call may run in, in order: one, where key, path or header name it. */
  readonly classes: readonly (readonly [string, ClassConfig])[];
  readonly dataClass: DataClass;
  /** The setting of the key, which comes before that of the class. */
  readonly unknownFields: 'refuse' | 'drop' | undefined;
}

/** The classes and the data class of calls that a client makes on this path with this key and these headers. */
export function chatScopeOf(
  request: Pick<SideRequest, 'requester' | 'headers' | 'path'>,
  config: Config,
): ChatScope | HttpProblem {
  const all = classesOf(config);
  const known = Object.keys(all);
  if (known.length === 0) return nothingConfigured;
  const { headers } = request;
  const binding = classBinding(request, config);
  const listed = binding.key?.classes?.filter((name) => known.includes(name));
  const requested = headers[CLASS_HEADER];
  const first = choosePromptClass({ ...binding, requested, known, defaults: [...(listed ?? []), ...known] });
  if (typeof first === 'object') return first;
  const dataClass = chooseDataClass(headers[DATA_CLASS_HEADER], binding);
  if (typeof dataClass === 'object') return dataClass;
  const isChosen = (requested ?? binding.key?.class ?? binding.route?.class) !== undefined;
  const unknownFields = request.requester.settings?.unknownFields;
  const names = isChosen ? [first] : (listed ?? known);
  return {
    classes: names.flatMap((name) => (all[name] ? [[name, all[name]] as const] : [])),
    dataClass,
    unknownFields,
  };
}

/** The rehearsal takes any name, so that a program runs as it is. */
export const isRehearsed = ({ classes }: Pick<ChatScope, 'classes'>): boolean => classes[0]?.[0] === REHEARSAL_NAME;

interface AskedName {
  /** The name that the client gave; undefined: none. */
  readonly name: string | undefined;
  readonly catalogues?: Catalogues | undefined;
}

/**
 * Chooses the class by the model that a client names: the first of its classes that has it. No name, and `*`, mean the first class. A model that
 * policy forbids for this data class is a 403, any other a 404.
 */
export function chatClassOf(
  { classes, dataClass }: ChatScope,
  config: Config,
  { name, catalogues }: AskedName,
): ChatClass | HttpProblem {
  const [first] = classes;
  if (first === undefined) return nothingConfigured;
  const [firstClass, settings] = first;
  if (name === undefined || name === '*' || isRehearsed({ classes }))
    return { promptClass: firstClass, settings, dataClass, model: name };
  const names = modelNames({ config, classes, dataClass, catalogues });
  const named = names.find(name);
  if (named === undefined) {
    const isForbidden = modelNames({ config, classes, dataClass: 'open', catalogues }).find(name) !== undefined;
    return isForbidden ? forbidden(name) : unknownModel(name, names, catalogues);
  }
  const { promptClass, model } = named;
  const found = classes.find(([one]) => one === promptClass)?.[1];
  return found === undefined ? nothingConfigured : { promptClass, settings: found, dataClass, model };
}

const forbidden = (name: string): HttpProblem => ({
  status: 403,
  code: 'policy_refused',
  message: `regulated text stays on direct targets, and "${shortened(name)}" names none`,
  param: 'model',
  shouldRetry: false,
});

const nothingConfigured: HttpProblem = {
  status: 501,
  code: 'no_gateway',
  message: 'no class is configured; expected gateways and classes in the configuration',
  shouldRetry: false,
};
