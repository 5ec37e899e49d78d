// The registry of the benches, in the order in which they run.

import type { Bench } from '../bench.ts';
import { capacity } from './capacity.ts';
import { codec } from './codec.ts';
import { ends } from './ends.ts';
import { hop } from './hop.ts';
import { http } from './http.ts';
import { isolation } from './isolation.ts';
import { routeVerdict } from './route-verdict.ts';
import { sessionStart } from './session-start.ts';
import { sideHop } from './side-hop.ts';
import { text } from './text.ts';
import { turn } from './turn.ts';

export const benches: readonly Bench[] = [
  ...[hop, sessionStart, capacity, codec, text, turn, ends, http],
  ...[sideHop, isolation, routeVerdict],
];
