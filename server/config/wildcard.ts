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

/** The longest pattern that fits one of the names; an exact name beats any pattern. */
export function longestFitting(patterns: readonly string[], names: readonly string[]): string | undefined {
  let best: string | undefined;
  for (const pattern of patterns) {
    if (names.includes(pattern)) return pattern;
    if (pattern.length > (best?.length ?? -1) && names.some((name) => fits(pattern, name))) best = pattern;
  }
  return best;
}
