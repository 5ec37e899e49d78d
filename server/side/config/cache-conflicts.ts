// Conflicts of classes that keep answers with what is said of keeping text elsewhere.

import type { Problem } from '../../config/problem.ts';
import type { SideConfig } from '../../config/side-schema.ts';

/** Refuses to keep here what is said to be kept by nobody. */
export function cacheConflicts({
  classes,
  gateways,
  transcripts,
}: Pick<SideConfig, 'classes' | 'gateways' | 'transcripts'>): Problem[] {
  return Object.entries(classes).flatMap(([name, { cache, retention, targets }]) => {
    if (cache === undefined) return [];
    const path = `classes.${name}.cache`;
    if (retention === 'zdr') return [{ path, message: 'expected none: the class wants retention zdr' }];
    const silent = targets.find(({ gateway }) => gateways[gateway]?.retention === 'zdr');
    if (silent !== undefined)
      return [{ path, message: `expected none: gateways.${silent.gateway} is a target, and has retention zdr` }];
    return transcripts === 'off' ? [{ path, message: 'expected none: no text is kept here (transcripts: off)' }] : [];
  });
}
