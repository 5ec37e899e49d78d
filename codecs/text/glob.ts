// Matches names against glob patterns, in which `*` stands for any characters: models of keys and classes, names in prices.

/** Tells a pattern from a name. */
export const isGlob = (text: string): boolean => text.includes('*');

/** Tells whether a name matches a pattern; a pattern without `*` is the name itself. Takes linear time. */
export function matchesGlob(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return pattern === name;
  const [prefix = '', ...parts] = pattern.split('*');
  const suffix = parts.pop() ?? '';
  if (!name.startsWith(prefix) || name.length < prefix.length + suffix.length || !name.endsWith(suffix)) return false;
  let at = prefix.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - suffix.length;
}

/** Tells whether a pattern of `<provider>/<model>` is for models of this provider; a text without a slash is no such pattern. */
export function isOfProvider(pattern: string, provider: string): boolean {
  const end = pattern.indexOf('/');
  return end >= 0 && matchesGlob(pattern.slice(0, end), provider);
}

/** Tells whether each of the lists of such patterns has one for this provider; a list that is not given has all. */
export const allowProvider = (lists: readonly (readonly string[] | undefined)[], provider: string): boolean =>
  lists.every((list) => list === undefined || list.some((pattern) => isOfProvider(pattern, provider)));

/** Tells whether a list of `<provider>/<model>` allows a model. An unknown model ('') needs `<provider>/*`; without a list all are allowed. */
export function allowsModel(patterns: readonly string[] | undefined, provider: string, model: string): boolean {
  if (patterns === undefined) return true;
  return patterns.some((pattern) => {
    const models = pattern.slice(pattern.indexOf('/') + 1);
    return isOfProvider(pattern, provider) && (model === '' ? models === '*' : matchesGlob(models, model));
  });
}

/** The longest pattern that matches one of the names; an exact name beats any pattern. */
export function longestMatchingGlob(patterns: readonly string[], names: readonly string[]): string | undefined {
  let best: string | undefined;
  for (const pattern of patterns) {
    if (names.includes(pattern)) return pattern;
    if (pattern.length > (best?.length ?? -1) && names.some((name) => matchesGlob(pattern, name))) best = pattern;
  }
  return best;
}
