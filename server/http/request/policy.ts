// Describes what every listener for clients decides by, before it is known what a request asks for.

import type { Config, Key } from '../../config/config.ts';
import type { OriginPolicy } from '../origin-policy.ts';
import type { WarnOfOldName } from './old-names.ts';

export interface RequestPolicy {
  readonly config: Config;
  /** Keys by the digest of their secret: see `indexKeys`. */
  readonly keys: ReadonlyMap<string, Key>;
  readonly origins: OriginPolicy;
  readonly warnOfOldName: WarnOfOldName;
}
