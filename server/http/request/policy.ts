// Describes what every listener for clients decides by, before it is known what a request asks for.

import type { Config } from '../../config/config.ts';
import type { OriginPolicy } from '../origin-policy.ts';
import type { KeyLookup } from './keys/key-lookup.ts';
import type { WarnOfOldName } from './old-names.ts';

export interface RequestPolicy {
  readonly config: Config;
  readonly keys: Pick<KeyLookup, 'find' | 'withId' | 'known'>;
  readonly origins: OriginPolicy;
  readonly warnOfOldName: WarnOfOldName;
}
