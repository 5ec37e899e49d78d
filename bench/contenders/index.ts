// The registry of the contenders, in the order in which they take their turns in a round.

import type { Contender } from '../bench.ts';
import { bifrostContender } from './bifrost.ts';
import { direct, directAgain } from './direct.ts';
import { haproxy } from './haproxy.ts';
import { litellmContender } from './litellm.ts';
import { nginx } from './nginx.ts';
import { portkeyContender } from './portkey.ts';
import { wsJson, wsRelay } from './relay.ts';
import { trunkline } from './trunkline.ts';

export const contenders: readonly Contender[] = [
  ...[direct, trunkline, haproxy, nginx, wsRelay, wsJson],
  ...[portkeyContender, litellmContender, bifrostContender, directAgain],
];
