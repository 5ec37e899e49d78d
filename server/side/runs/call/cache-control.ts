// Reads Cache-Control of a request (RFC 9111, section 5.2.1). Rule: what is unknown or malformed there changes nothing.

import type { CacheControl } from '../../llm/call.ts';

/** `max-age` counts in seconds, bare or quoted. */
export function cacheControlOf(text: string): CacheControl {
  const directives = new Map(
    text.split(',').map((one) => {
      const [name = '', value = ''] = one.split('=', 2);
      return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')] as const;
    }),
  );
  const seconds = directives.get('max-age');
  return {
    noCache: directives.has('no-cache'),
    noStore: directives.has('no-store'),
    maxAgeMs: seconds !== undefined && /^\d+$/.test(seconds) ? Number(seconds) * 1000 : undefined,
  };
}
