// The names that a client may give as `model`, and what each means. Precedence everywhere: a target's own name, a class, `<class>/<model>`.
// A model that the key may not use, or that may not serve its data class, has no name.

import { nearestNames } from '../../../../codecs/text/nearest-names.ts';
import type { ClassConfig } from '../../../config/side/llm-schema.ts';
import type { SideConfig } from '../../../config/side-schema.ts';
import { type HttpProblem, shortened } from '../../../http/problem.ts';
import type { DataClass } from '../../../ipc/stored-rows.ts';
import { mayServeRegulated } from '../../llm/policy.ts';

interface NamedModel {
  readonly promptClass: string;
  /** The target of the class that is asked first; undefined: the class chooses. */
  readonly model: string | undefined;
  /** Name of the LLM gateway of the first target that is meant. */
  readonly gateway: string;
}

interface NamesOptions {
  readonly config: Pick<SideConfig, 'gateways'>;
  /** Classes that may be used, in order. */
  readonly classes: readonly (readonly [string, ClassConfig])[];
  readonly dataClass: DataClass;
}

interface ModelNames {
  /** The names that are listed, in order. */
  readonly listed: ReadonlyMap<string, NamedModel>;
  /** Names a target by its gateway (`<gateway>/<model>`), too, which is not listed. */
  find(name: string): NamedModel | undefined;
}

export function modelNames({ config, classes, dataClass }: NamesOptions): ModelNames {
  const able = classes.flatMap(([promptClass, { targets }]) => {
    const serving = targets.filter(({ gateway }) => dataClass === 'open' || mayServeRegulated(config, gateway));
    return serving.length === 0 ? [] : [{ promptClass, targets: serving }];
  });
  const meanings = (nameOf: (promptClass: string, model: string, gateway: string) => string) =>
    able.flatMap(({ promptClass, targets }) =>
      targets.map(
        ({ model, gateway }) => [nameOf(promptClass, model, gateway), { promptClass, model, gateway }] as const,
      ),
    );
  const ofClasses = able.map(({ promptClass, targets: [first] }) => {
    const meaning: NamedModel = { promptClass, model: undefined, gateway: first?.gateway ?? '' };
    return [promptClass, meaning] as const;
  });
  const listed = firstOf([
    ...meanings((_, model) => model),
    ...ofClasses,
    ...meanings((promptClass, model) => `${promptClass}/${model}`).filter(
      ([, { promptClass, model }]) => model !== promptClass,
    ),
  ]);
  const byGateway = firstOf(
    meanings((_, model, gateway) => `${gateway}/${model}`).map(([name, meaning]) => [
      name,
      { ...meaning, model: name },
    ]),
  );
  return { listed, find: (name) => own(listed, name, byGateway) };
}

/** A target's own name comes before a class, also where it has the gateway in it. */
function own(listed: ReadonlyMap<string, NamedModel>, name: string, byGateway: ReadonlyMap<string, NamedModel>) {
  const found = listed.get(name);
  return found !== undefined && (found.model === name || found.model === undefined)
    ? found
    : (byGateway.get(name) ?? found);
}

function firstOf(entries: readonly (readonly [string, NamedModel])[]): ReadonlyMap<string, NamedModel> {
  const byName = new Map<string, NamedModel>();
  for (const [name, meaning] of entries) if (!byName.has(name)) byName.set(name, meaning);
  return byName;
}

/** Number of names in a message. */
const MAX_NAMED = 20;

/** The refusal of a name that is none, with those that there are, the nearest first. */
export function unknownModel(name: string, { listed }: ModelNames): HttpProblem {
  const names = [...listed.keys()];
  const near = nearestNames(name, names, MAX_NAMED);
  const more = names.length > near.length ? ` and ${names.length - near.length} more (GET /v1/models)` : '';
  const message = `there is no model "${shortened(name)}" here; expected one of ${near.map(shortened).join(', ')}${more}`;
  return { status: 404, code: 'model_not_found', message, param: 'model', shouldRetry: false };
}
