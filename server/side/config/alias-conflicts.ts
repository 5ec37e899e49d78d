// Conflicts of aliases: names that hide others, and targets that no class has.

import { isGlob, matchesGlob } from '../../../codecs/text/glob.ts';
import { unknownName } from '../../../codecs/text/nearest-names.ts';
import type { Problem } from '../../config/problem.ts';
import type { SideConfig } from '../../config/side-schema.ts';

type Config = Pick<SideConfig, 'aliases' | 'classes' | 'gateways'>;

export function aliasConflicts(config: Config): Problem[] {
  const targets = Object.values(config.classes).flatMap((terms) => terms.targets);
  return Object.entries(config.aliases).flatMap(([name, alias]) => {
    const at = `aliases.${name}`;
    const isHiding = Object.hasOwn(config.classes, name) || targets.some(({ model }) => model === name);
    const hidden = Object.hasOwn(config.classes, name) ? 'a class' : 'the model of a target';
    return [
      ...(isHiding ? [{ path: at, message: `expected another name, got that of ${hidden}, which it would hide` }] : []),
      ...alias.targets.flatMap((target, index) => {
        const message = targetProblem(target, alias.targets.slice(0, index), config);
        return message === undefined ? [] : [{ path: `${at}.targets[${index}]`, message }];
      }),
    ];
  });
}

interface AliasTarget {
  readonly gateway: string;
  readonly model: string;
}

function targetProblem(
  { gateway, model }: AliasTarget,
  before: readonly AliasTarget[],
  config: Config,
): string | undefined {
  if (Object.hasOwn(config.aliases, gateway))
    return `expected an LLM gateway, got the alias ${gateway}: aliases have no aliases`;
  if (!Object.hasOwn(config.gateways, gateway)) return unknownName('gateway', gateway, Object.keys(config.gateways));
  if (isGlob(model)) return 'expected the name of a model, got a pattern';
  if (before.some((other) => other.gateway === gateway && other.model === model))
    return 'expected a target of its own, got one of before again';
  const isOfClass = Object.values(config.classes).some(({ targets }) =>
    targets.some((target) => target.gateway === gateway && matchesGlob(target.model, model)),
  );
  return isOfClass
    ? undefined
    : 'expected a target that a class has, named or by a pattern: a call runs under the policy of a class';
}
