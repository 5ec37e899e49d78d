// The names that a client may give as `model`, and what each means. Precedence everywhere: a target's own name, a class, an alias,
// `<gateway>/<model>`, `<class>/<model>`; then the same of the catalogues that patterns open. A model that the key may not use, that may not serve its data class, or
// that cannot promise what the class asks, has no name.

import { llmProfiles } from '../../../../adapters/llm/index.ts';
import { isGlob, matchesGlob } from '../../../../codecs/text/glob.ts';
import type { ClassConfig } from '../../../config/side/llm-schema.ts';
import type { SideConfig } from '../../../config/side-schema.ts';
import type { DataClass } from '../../../ipc/stored-rows.ts';
import type { Catalogues } from '../../llm/catalogue/known.ts';
import { mayServeRegulated, targetObjection } from '../../llm/policy.ts';

export interface NamedModel {
  readonly promptClass: string;
  /** The target of the class that is asked first; undefined: the class chooses. */
  readonly model: string | undefined;
  /** Name of the LLM gateway of the first target that is meant. */
  readonly gateway: string;
}

export interface ListedModel extends NamedModel {
  /** Classes of the caller that may use it. */
  readonly classes: readonly string[];
}

interface NamesOptions {
  readonly config: Pick<SideConfig, 'gateways' | 'aliases'>;
  /** Classes that may be used, in order. */
  readonly classes: readonly (readonly [string, ClassConfig])[];
  readonly dataClass: DataClass;
  readonly catalogues?: Catalogues | undefined;
}

export interface ModelNames {
  /** The names that are listed, in order. */
  listed(): ReadonlyMap<string, ListedModel>;
  /** Names a target by its gateway (`<gateway>/<model>`), too, and a model of a catalogue by its class, which are not listed. */
  find(name: string): NamedModel | undefined;
  /** LLM gateways with patterns, whose catalogues have names. */
  readonly catalogued: readonly string[];
}

type Target = ClassConfig['targets'][number];

/** A class with the targets that may serve the data class, of which it has some. */
interface AbleClass {
  readonly promptClass: string;
  readonly terms: ClassConfig;
  readonly named: readonly Target[];
  readonly patterns: readonly Target[];
}

export function modelNames(options: NamesOptions): ModelNames {
  const { config, classes, dataClass } = options;
  const able = classes.flatMap(([promptClass, terms]): AbleClass[] => {
    const serving = terms.targets.filter(({ gateway }) => dataClass === 'open' || mayServeRegulated(config, gateway));
    const [patterns, named] = [
      serving.filter(({ model }) => isGlob(model)),
      serving.filter(({ model }) => !isGlob(model)),
    ];
    return serving.length === 0 ? [] : [{ promptClass, terms, named, patterns }];
  });
  return {
    listed: () => listedNames(able, options),
    find: (name) => ownName(able, name, options) ?? cataloguedName(able, name, options),
    catalogued: [...new Set(able.flatMap(({ patterns }) => patterns.map(({ gateway }) => gateway)))],
  };
}

/** A target's own name comes before a class, also where it has the gateway in it. */
function ownName(able: readonly AbleClass[], name: string, options: NamesOptions): NamedModel | undefined {
  const targets = able.flatMap(({ promptClass, named }) => named.map((target) => ({ promptClass, ...target })));
  const meaning = (found: ((typeof targets)[number] & object) | undefined, as = found?.model) =>
    found && { promptClass: found.promptClass, model: as, gateway: found.gateway };
  return (
    meaning(targets.find(({ model }) => model === name)) ??
    able.filter(({ promptClass }) => promptClass === name).map(meaningOfClass)[0] ??
    meaningsOfAlias(able, name, options)[0] ??
    meaning(
      targets.find(({ gateway, model }) => `${gateway}/${model}` === name),
      name,
    ) ??
    meaning(targets.find(({ promptClass, model }) => `${promptClass}/${model}` === name))
  );
}

/** An alias in each class that has a target of it. */
function meaningsOfAlias(able: readonly AbleClass[], name: string, options: NamesOptions): readonly NamedModel[] {
  const { aliases } = options.config;
  const targets = Object.hasOwn(aliases, name) ? (aliases[name]?.targets ?? []) : [];
  return able.flatMap(({ promptClass, terms, named, patterns }) => {
    const first = targets.find(
      ({ gateway, model }) =>
        named.some((target) => target.gateway === gateway && target.model === model) ||
        patterns.some((target) => target.gateway === gateway && opens(target, model, terms, options)),
    );
    return first === undefined ? [] : [{ promptClass, model: name, gateway: first.gateway }];
  });
}

const meaningOfClass = ({ promptClass, named, patterns }: AbleClass): NamedModel => ({
  ...{ promptClass, model: undefined },
  gateway: [...named, ...patterns][0]?.gateway ?? '',
});

function cataloguedName(able: readonly AbleClass[], name: string, options: NamesOptions): NamedModel | undefined {
  const slash = name.indexOf('/');
  const [before, behind] = [name.slice(0, Math.max(0, slash)), name.slice(slash + 1)];
  const drawn = (
    model: string,
    isMeant: (one: AbleClass, pattern: Target) => boolean,
    as = model,
  ): NamedModel | undefined => {
    for (const one of able) {
      const pattern = one.patterns.find((target) => isMeant(one, target) && opens(target, model, one.terms, options));
      if (pattern !== undefined) return { promptClass: one.promptClass, model: as, gateway: pattern.gateway };
    }
    return undefined;
  };
  return (
    drawn(name, () => true) ??
    (slash < 1 ? undefined : drawn(behind, (_, { gateway }) => gateway === before, name)) ??
    (slash < 1 ? undefined : drawn(behind, ({ promptClass }) => promptClass === before))
  );
}

/** Tells whether a pattern stands for a model of its catalogue that may serve the class. */
function opens(
  { gateway: name, model: pattern }: Target,
  model: string,
  terms: ClassConfig,
  { config, catalogues }: NamesOptions,
): boolean {
  if (!matchesGlob(pattern, model) || catalogues?.of(name)?.models.has(model) !== true) return false;
  const gateway = config.gateways[name];
  const profile = gateway && llmProfiles.get(gateway.profile);
  return (
    gateway !== undefined && profile !== undefined && targetObjection({ gateway, profile, model }, terms) === undefined
  );
}

function listedNames(able: readonly AbleClass[], options: NamesOptions): ReadonlyMap<string, ListedModel> {
  const listed = new Map<string, ListedModel>();
  const add = (name: string, meaning: NamedModel, classes: readonly string[]) => {
    if (!listed.has(name)) listed.set(name, { ...meaning, classes });
  };
  const named = able.flatMap(({ promptClass, named: targets }) =>
    targets.map(({ gateway, model }) => ({ promptClass, gateway, model })),
  );
  const classesOf = ({ gateway, model }: { gateway: string; model: string }) =>
    able.flatMap(({ promptClass, terms, ...one }) => {
      const isOwn = one.named.some((target) => target.gateway === gateway && target.model === model);
      const isOpen = () =>
        one.patterns.some((target) => target.gateway === gateway && opens(target, model, terms, options));
      return isOwn || isOpen() ? [promptClass] : [];
    });
  for (const meaning of named) add(meaning.model, meaning, classesOf(meaning));
  for (const name of Object.keys(options.config.aliases)) {
    const meanings = meaningsOfAlias(able, name, options);
    const [first] = meanings;
    if (first !== undefined)
      add(
        name,
        first,
        meanings.map(({ promptClass }) => promptClass),
      );
  }
  for (const one of able) add(one.promptClass, meaningOfClass(one), [one.promptClass]);
  for (const meaning of named)
    if (meaning.model !== meaning.promptClass)
      add(`${meaning.promptClass}/${meaning.model}`, meaning, [meaning.promptClass]);
  for (const { promptClass, patterns, terms } of able)
    for (const target of patterns)
      for (const model of options.catalogues?.of(target.gateway)?.models.keys() ?? [])
        if (!listed.has(model) && opens(target, model, terms, options)) {
          const meaning = { promptClass, model, gateway: target.gateway };
          add(model, meaning, classesOf(meaning));
        }
  return listed;
}
