// Finds out that the model of a handshake is one of `models`, and names its target in its place where the provider is told of it.

import type { Handshake } from '../../../adapters/realtime/contract.ts';
import type { ModelTarget } from '../../config/config.ts';
import type { Admission } from '../admission/admission.ts';

/** A name of `models` with the targets that the path leaves of it. */
interface Alias {
  readonly name: string;
  readonly targets: readonly ModelTarget[];
}

/**
 * Returns undefined where the client asks for no such name. A path that names an account, and is nobody's own, leaves the targets at that account; where
 * the name has none there, it is any model's.
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
  const name = asked.map((one) => one.name).find((one) => Object.hasOwn(models, one));
  if (name === undefined) return undefined;
  const isOne = candidates.every(({ isNamed }) => isNamed);
  const targets = (models[name] ?? []).filter(({ provider }) => !isOne || provider === first.provider.name);
  return targets.length === 0 ? undefined : { name, targets };
}

/**
 * Returns the handshake with the target's model in the place of the name; all other bytes of its query stay. `isElsewhere`: the target is dialled at
 * another path, where a deployment is called a model.
 */
export function withTarget(
  handshake: Handshake,
  name: string,
  { model, isElsewhere }: { readonly model: string; readonly isElsewhere: boolean },
): Handshake {
  const parts = handshake.rawQuery?.split('&') ?? [];
  const rawQuery = parts
    .map((part) => {
      const [key = '', value] = [...new URLSearchParams(part)][0] ?? [];
      const isName = value === name && /^(model|deployment)$/i.test(key);
      if (!isName) return part;
      return `${isElsewhere ? 'model' : part.slice(0, part.indexOf('='))}=${encodeURIComponent(model)}`;
    })
    .join('&');
  return { ...handshake, rawQuery, query: new URLSearchParams(rawQuery) };
}
