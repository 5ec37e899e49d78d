// The answer to a path that there is not: one sentence, with the paths that may have been meant.

import { nearestNames } from '../../codecs/text/nearest-names.ts';
import { type HttpProblem, shortened } from './problem.ts';

/** Number of paths in the sentence. */
const MAX_NAMED = 3;

/** `paths`: those that there are, where `{name}` stands for a segment. Paths that begin with all that was written come first. */
export function unknownPath(path: string, paths: readonly string[]): HttpProblem & { readonly code: 'unknown_path' } {
  const byForm = new Map(paths.map((pattern) => [filled(pattern, path), pattern]));
  const forms = nearestNames(path, [...byForm.keys()], byForm.size);
  const below = forms.filter((form) => form.startsWith(`${path}/`));
  const nearest = [...new Set([...below, ...forms])].slice(0, MAX_NAMED).map((form) => byForm.get(form));
  const message = `there is no path ${shortened(path)} here; the nearest are ${nearest.join(', ')}`;
  return { status: 404, code: 'unknown_path', message };
}

/** The pattern with the segments of the path in the places of its names, so that ids count as no difference. */
function filled(pattern: string, path: string): string {
  const segments = path.split('/');
  return pattern
    .split('/')
    .map((part, at) => (part.startsWith('{') ? (segments[at] ?? part) : part))
    .join('/');
}
