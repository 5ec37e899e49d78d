// Sorts the values of Anthropic's header `anthropic-beta`. Rule: those go on that change the form of requests and answers; one that would change
// where a call runs, who keeps it or what it costs is for the class to say, and is named among what was dropped.
// https://docs.anthropic.com/en/api/beta-headers

interface Betas {
  readonly forwarded: readonly string[];
  /** Names for the header that tells of what did not go on. */
  readonly dropped: readonly string[];
}

/** Names without the date that ends each. */
const FORWARDED = [
  ...['interleaved-thinking', 'fine-grained-tool-streaming', 'token-efficient-tools', 'output-128k', 'prompt-caching'],
  ...['extended-cache-ttl', 'context-management', 'structured-outputs', 'effort', 'pdfs', 'claude-code'],
  ...['advanced-tool-use', 'tool-examples', 'prompt-caching-scope', 'computer-use', 'redact-thinking'],
];

const MAX_BETAS = 32;

export function sortBetas(header = ''): Betas {
  const names = header
    .split(',')
    .map((name) => name.trim())
    .filter((name) => /^[\w.-]{1,80}$/.test(name))
    .slice(0, MAX_BETAS);
  const goesOn = (name: string): boolean => FORWARDED.includes(name.replace(/-\d{4}-\d{2}-\d{2}$/, ''));
  return { forwarded: names.filter(goesOn), dropped: names.filter((name) => !goesOn(name)) };
}
