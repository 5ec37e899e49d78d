// Finds out that the model of a handshake, or of a first message, is one of `models`, and names its target in its place where the provider is told of it.

import type { FirstFrame } from '../../../adapters/realtime/contract/first-frame.ts';
import type { Handshake } from '../../../adapters/realtime/contract.ts';
import { spokenBy } from '../../../adapters/realtime/index.ts';
import type { ModelTarget } from '../../config/config.ts';
import { providerTable } from '../../config/providers/table.ts';
import type { Admission } from '../admission/admission.ts';

/** A name of `models` with the targets that the path leaves of it. */
interface Alias {
  readonly name: string;
  readonly targets: readonly ModelTarget[];
}

/**
 * Returns undefined where the client asks for no such name, or for one whose targets speak another dialect. A path that names an account, and is nobody's
 * own, leaves the targets at that account; where the name has none there, it is any model's. An agent is no model.
 */
export function aliasOf({
  handshake,
  candidates,
  policy,
}: Pick<Admission, 'handshake' | 'candidates' | 'policy'>): Alias | undefined {
  const { models } = policy.config;
  const [first] = candidates;
  const asked = first?.endpoint.resources(handshake);
  if (first === undefined || asked === undefined || asked === 'unknown') return undefined;
  const name = asked.find((one) => one.kind !== 'agent' && Object.hasOwn(models, one.name))?.name;
  if (name === undefined) return undefined;
  const targets = targetsAt(models[name] ?? [], { candidates, policy });
  return targets.length === 0 ? undefined : { name, targets };
}

/** The targets that a path leaves. */
export function targetsAt(
  targets: readonly ModelTarget[],
  { candidates, policy }: Pick<Admission, 'candidates' | 'policy'>,
): readonly ModelTarget[] {
  const isOne = candidates.every(({ isNamed }) => isNamed);
  const spoken = candidates.map(({ endpoint }) => spokenBy(endpoint.dialect));
  const { accounts } = providerTable(policy.config);
  return targets.filter(({ provider }) =>
    isOne
      ? provider === candidates[0]?.provider.name
      : accounts.get(provider)?.endpoints.some(({ dialect }) => spoken.includes(spokenBy(dialect))),
  );
}

interface Named {
  readonly model: string;
  /** The name of it in messages. */
  readonly upstream: string;
  /** The target is dialled at another path, where a deployment is called a model. */
  readonly isElsewhere: boolean;
}

/** Returns the handshake with the target's model in the place of the name; all other bytes of its query stay. */
export function withTarget(handshake: Handshake, name: string, { model, upstream, isElsewhere }: Named): Handshake {
  const { firstFrame } = handshake;
  const parts = handshake.rawQuery?.split('&') ?? [];
  const rawQuery = parts
    .map((part) => {
      const [key = '', value] = [...new URLSearchParams(part)][0] ?? [];
      const isName = value === name && /^(model|deployment)$/i.test(key);
      if (!isName) return part;
      return `${isElsewhere ? 'model' : part.slice(0, part.indexOf('='))}=${encodeURIComponent(model)}`;
    })
    .join('&');
  const isFirst = firstFrame?.resources[0]?.name === name;
  return {
    ...handshake,
    ...(handshake.rawQuery !== undefined && { rawQuery, query: new URLSearchParams(rawQuery) }),
    ...(isFirst && { firstFrame: withFirst(firstFrame, model, upstream) }),
  };
}

/** Returns the first message with another name for what it asks for. */
export function withFirst(frame: FirstFrame, model: string, upstream: string): FirstFrame {
  const [first, ...others] = frame.resources;
  if (first === undefined) return frame;
  return {
    ...frame,
    resources: [{ ...first, name: model }, ...others],
    renamed: { from: first.name, to: upstream },
  };
}
