// The name of a model, with and without the path that says whose it is.

import { type JsonObject, textAt } from '../../../codecs/json/object.ts';
import type { FirstName } from '../contract/names.ts';

/** A model of Google's own, by AI Studio, by Vertex (`projects/.../publishers/google/models/...`), or by a part of that path. */
const OWN = /^(?:(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/google\/)?models\/([^/]+)$/;

/** Returns the name in a key's list and in prices. What is tuned, or of somebody else, keeps its path: it may be anybody's. */
export const ownName = (name: string): string => OWN.exec(name)?.[1] ?? name;

/** Returns the name that a client asks for: SDKs write `models/` before every name, and before that of an account with a model, too. */
export const askedName = (name: string): string => ownName(name).replace(/^models\/(?=[^/]+\/[^/]+$)/, '');

/** The setup names the model. There is no event for a refusal: a close has to do. */
export const nameInSetup: FirstName = {
  nameIn(event: JsonObject) {
    const name = textAt(event, 'setup', 'model');
    return name === undefined ? undefined : askedName(name);
  },
  refusalEvent: () => undefined,
};

/** Returns the path by which AI Studio knows a model; what is tuned has one already. */
export const studioName = (name: string): string => (name.includes('/') ? name : `models/${name}`);

/** Returns the path by which Vertex knows a model of Google's: within a project, which API keys of express mode have not. */
export function vertexName(
  name: string,
  { project, location = 'global' }: Readonly<Record<string, string | undefined>>,
): string {
  if (name.includes('/')) return name;
  const place = project === undefined ? '' : `projects/${project}/locations/${location}/`;
  return `${place}publishers/google/models/${name}`;
}
