// Names with `*` in them, which stands for anything: models of a class, prices.

/** Whether a name fits a pattern; a pattern without `*` is the name itself. */
export function fits(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return pattern === name;
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop() ?? '';
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}

/** What the longest pattern that fits one of the names stands for; an exact name beats any pattern. */
export function longestMatch<T>(
  patterns: readonly string[],
  names: readonly string[],
  valueOf: (pattern: string) => T | undefined,
): T | undefined {
  const fitting = patterns.filter((pattern) => names.some((name) => fits(pattern, name)));
  const weight = (pattern: string) => (pattern.includes('*') ? 0 : 1e6) + pattern.length;
  const [best] = fitting.sort((a, b) => weight(b) - weight(a));
  return best === undefined ? undefined : valueOf(best);
}
