// Holds the models that a client names by their path to the project and the location of the account, whose credential may reach others, too.

import { isObject } from '../../../codecs/json/object.ts';
import type { Rejection } from '../contract/dialect.ts';
import type { ServedEndpoint } from '../contract.ts';
import { guardIds, type IdRules } from '../guards/id-guard.ts';
import { geminiModelPlaces } from './dialect.ts';

/** The setup comes once. */
const rules: IdRules = {
  fields: [{ field: 'setup.model', places: geminiModelPlaces }],
  words: ['setup'],
  isLast: ({ setup }) => isObject(setup),
};

const PLACE = /^projects\/([^/]+)\/locations\/([^/]+)(?:\/|$)/;

export const inOwnPlace: ServedEndpoint['accountRule'] = ({ project, location }) => {
  const elsewhere = (name: string): Rejection | undefined => {
    const [, ofProject, ofLocation] = PLACE.exec(name) ?? [];
    const isOwn = (project ?? ofProject) === ofProject && (location ?? ofLocation) === ofLocation;
    if (ofProject === undefined || isOwn) return undefined;
    const own = `projects/${project ?? '*'}/locations/${location ?? '*'}`;
    return {
      code: 'model_not_allowed',
      message: `projects/${ofProject}/locations/${ofLocation} is not the account's place: expected ${own}`,
    };
  };
  if (project === undefined && location === undefined) return undefined;
  return (frame) => {
    const found = guardIds(frame, rules);
    if (found === undefined || 'code' in found) return found;
    return found.ids.map(({ id }) => elsewhere(id)).find(Boolean) ?? (found.isLast ? 'last' : undefined);
  };
};
