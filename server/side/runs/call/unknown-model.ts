// The refusal of a name that means no model: the nearest names, when a model that has gone was seen last, and whether a catalogue is missing.

import { nearestNames } from '../../../../codecs/text/nearest-names.ts';
import { type HttpProblem, shortened } from '../../../http/problem.ts';
import type { Catalogues } from '../../llm/catalogue/known.ts';
import type { ModelNames } from './model-names.ts';

/** Number of names in a message. */
const MAX_NAMED = 20;
/** Names that are compared with what was written, which costs CPU for each. */
const MAX_COMPARED = 500;

export function unknownModel(name: string, names: ModelNames, catalogues?: Catalogues): HttpProblem {
  const all = [...names.listed().keys()];
  const missing = names.catalogued.find((gateway) => catalogues?.of(gateway) === undefined);
  if (missing !== undefined) return missingCatalogue(missing, catalogues?.faultOf(missing));
  const near = nearestNames(name, alike(name, all), MAX_NAMED);
  const more = all.length > near.length ? ` and ${all.length - near.length} more (GET /v1/models)` : '';
  const expected = near.length === 0 ? '' : `; expected one of ${near.map(shortened).join(', ')}${more}`;
  const message = `there is no model "${shortened(name)}" here${lastSeen(name, names, catalogues)}${expected}`;
  return { status: 404, code: 'model_not_found', message, param: 'model', shouldRetry: false };
}

/** The names that share a word with what was written, where there are too many to compare them all. */
function alike(name: string, all: readonly string[]): readonly string[] {
  if (all.length <= MAX_COMPARED) return all;
  const words = name
    .slice(0, 200)
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 1);
  const sharing = all.filter((one) => words.some((word) => one.toLowerCase().includes(word)));
  return (sharing.length > 0 ? sharing : all).slice(0, MAX_COMPARED);
}

/** A model that its LLM gateway no longer lists. */
function lastSeen(name: string, { catalogued }: ModelNames, catalogues: Catalogues | undefined): string {
  for (const gateway of catalogued) {
    const bare = name.startsWith(`${gateway}/`) ? name.slice(gateway.length + 1) : name;
    const gone = catalogues?.of(gateway)?.gone;
    const at = gone?.get(name) ?? gone?.get(bare);
    if (at !== undefined) return ` any more: ${gateway} had it until ${new Date(at).toISOString()}`;
  }
  return '';
}

const missingCatalogue = (gateway: string, fault: string | undefined): HttpProblem => ({
  ...{ status: 503, code: 'catalogue_unavailable', param: 'model', retryAfterS: 5 },
  message: `the catalogue of ${gateway} is not known yet${fault === undefined ? '' : `: ${fault}`}`,
});
