// Matches URL paths against patterns such as `/v1/sessions/{id}`: the one matcher for every route of the gateway.

/** The segments that stood for the names of a pattern, as they are in the path: not percent-decoded. */
export type PathParameters = Readonly<Record<string, string>>;

/**
 * Compiles a pattern. `{name}` stands for one segment that is not empty, `{name...}` at the end for all that are left, of which the first is
 * not empty; all other segments are compared as they are.
 * The returned function gives the parameters of a path, or undefined when the path does not fit.
 */
export function pathPattern(pattern: string): (path: string) => PathParameters | undefined {
  const brace = pattern.indexOf('{');
  if (brace < 0) return (path) => (path === pattern ? {} : undefined);
  const prefix = pattern.slice(0, brace);
  const parts = pattern.split('/');
  const rest = parts.at(-1)?.endsWith('...}') ? parts.length - 1 : undefined;
  return (path) => (path.startsWith(prefix) ? parametersOf(parts, segmentsOf(path, rest)) : undefined);
}

/** The segments of a path; those from `rest` on count as one. */
function segmentsOf(path: string, rest: number | undefined): readonly string[] {
  const segments = path.split('/');
  if (rest === undefined || segments[rest] === '' || segments.length <= rest) return segments;
  return [...segments.slice(0, rest), segments.slice(rest).join('/')];
}

function parametersOf(parts: readonly string[], segments: readonly string[]): PathParameters | undefined {
  if (parts.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [at, part] of parts.entries()) {
    const segment = segments[at] ?? '';
    if (part.startsWith('{') && segment !== '') parameters[part.replace(/^\{|(\.\.\.)?\}$/g, '')] = segment;
    else if (part !== segment) return undefined;
  }
  return parameters;
}
