// The registry of the contenders, in the order in which they take their turns in a round.

import type { Contender } from '../bench.ts';
import { bifrost } from './bifrost.ts';
import { direct, directAgain } from './direct.ts';
import { haproxy } from './haproxy.ts';
import { litellm } from './litellm.ts';
import { nginx } from './nginx.ts';
import { portkey } from './portkey.ts';
import { wsJson, wsRelay } from './relay.ts';
import { trunkline, trunklineBefore } from './trunkline.ts';

export const contenders: readonly Contender[] = [
  ...[direct, trunkline, trunklineBefore, haproxy, nginx, wsRelay, wsJson],
  ...[portkey, litellm, bifrost, directAgain],
];
