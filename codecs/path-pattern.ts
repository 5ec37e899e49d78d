// Matches URL paths against patterns such as `/v1/sessions/{id}`: the one matcher for every route of the gateway.

/** The segments that stood for the names of a pattern, as they are in the path: not percent-decoded. */
export type PathParameters = Readonly<Record<string, string>>;

/**
 * Compiles a pattern. `{name}` stands for one segment that is not empty; all other segments are compared as they are.
 * The returned function gives the parameters of a path, or undefined when the path does not fit.
 */
export function pathPattern(pattern: string): (path: string) => PathParameters | undefined {
  const brace = pattern.indexOf('{');
  if (brace < 0) return (path) => (path === pattern ? {} : undefined);
  const prefix = pattern.slice(0, brace);
  const parts = pattern.split('/');
  return (path) => (path.startsWith(prefix) ? parametersOf(parts, path.split('/')) : undefined);
}

function parametersOf(parts: readonly string[], segments: readonly string[]): PathParameters | undefined {
  if (parts.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [at, part] of parts.entries()) {
    const segment = segments[at] ?? '';
    if (part.startsWith('{') && segment !== '') parameters[part.slice(1, -1)] = segment;
    else if (part !== segment) return undefined;
  }
  return parameters;
}
