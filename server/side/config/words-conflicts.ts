// Conflicts and warnings of what classes do with the words of their calls: checks that nobody could make, and words that go on by another way.

import { isDeepStrictEqual } from 'node:util';
import { llmProfiles } from '../../../adapters/llm/index.ts';
import { providers } from '../../../adapters/realtime/index.ts';
import { unknownName } from '../../../codecs/text/nearest-names.ts';
import type { Config } from '../../config/config.ts';
import type { Problem } from '../../config/problem.ts';
import type { ClassConfig } from '../../config/side/llm-schema.ts';
import type { SideConfig } from '../../config/side-schema.ts';

type Known = Pick<SideConfig, 'classes' | 'gateways'>;

/** The places of the classes that moderate for a class, by name. */
const moderatorsOf = ({ guard = {} }: Pick<ClassConfig, 'guard'>) =>
  (['input', 'output'] as const).flatMap((side) =>
    (guard[side] ?? []).flatMap(({ moderation }, index) =>
      moderation === undefined ? [] : [{ at: `guard.${side}[${index}].moderation.class`, name: moderation.class }],
    ),
  );

export const wordsConflicts = (path: string, terms: ClassConfig, known: Known): Problem[] =>
  moderatorsOf(terms).flatMap(({ at, name }) => {
    const message = moderatorConflict(name, known);
    return message === undefined ? [] : [{ path: `${path}.${at}`, message }];
  });

/** A class that moderates must not be checked itself: its calls would make others without end. */
function moderatorConflict(name: string, { classes, gateways }: Known): string | undefined {
  const terms = Object.hasOwn(classes, name) ? classes[name] : undefined;
  if (terms === undefined) return unknownName('class', name, Object.keys(classes));
  if (terms.guard !== undefined) return 'expected a class without guard of its own';
  const isAble = terms.targets.some(({ gateway }) => {
    const profile = gateways[gateway]?.profile;
    return profile !== undefined && llmProfiles.get(profile)?.native?.moderations !== undefined;
  });
  return isAble ? undefined : 'expected a class with a target that has moderations, such as one of openai';
}

/** Names a check of a class that another one, to which its calls are led, does not have. */
export function missingCheck(terms: ClassConfig, { guard }: ClassConfig): string | undefined {
  for (const side of ['input', 'output'] as const) {
    const missing = (guard?.[side] ?? []).findIndex(
      (check) => terms.guard?.[side]?.some((own) => isDeepStrictEqual(own, check)) !== true,
    );
    if (missing >= 0) return `guard.${side}[${missing}] has to be there, too`;
  }
  return undefined;
}

/** Warns of words that go where they are not looked for. */
export function wordsWarnings({ classes, routes }: Pick<Config, 'classes' | 'routes'>): Problem[] {
  const live = [...providers.values()].flatMap(({ endpoints }) => endpoints.map(({ path }) => path));
  return [
    ...Object.entries(classes).flatMap(([name, terms]) =>
      helpersOf(terms).flatMap(({ at, name: helper }) =>
        terms.redact === undefined || classes[helper]?.redact !== undefined
          ? []
          : [
              {
                path: `classes.${name}.${at}`,
                message: `the class ${helper} has no redact: its targets get the words that those of ${name} do not`,
              },
            ],
      ),
    ),
    ...Object.entries(routes).flatMap(([path, { class: name }]) => {
      const terms = name === undefined || !live.includes(path) ? undefined : classes[name];
      const done = terms && (['redact', 'guard'] as const).filter((field) => terms[field] !== undefined);
      return done === undefined || done.length === 0
        ? []
        : [
            {
              path: `routes.${path}.class`,
              message: `${done.join(' and ')} of ${name} hold for its calls and tasks; live sessions are left as they are`,
            },
          ];
    }),
  ];
}

/** Classes that are asked with the words of a class before they are redacted. */
const helpersOf = (terms: ClassConfig) => [
  ...moderatorsOf(terms),
  ...(terms.difficulty?.model === undefined
    ? []
    : [{ at: 'difficulty.model.class', name: terms.difficulty.model.class }]),
];
