// The registry of the benches, in the order in which they run.

import type { Bench } from '../bench.ts';
import { attack } from './attack/bench.ts';
import { capacity } from './capacity/bench.ts';
import { codec } from './codec/bench.ts';
import { ends } from './ends/bench.ts';
import { hop } from './hop/bench.ts';
import { hopTls } from './hop-tls/bench.ts';
import { http } from './http/bench.ts';
import { isolation } from './isolation/bench.ts';
import { overload } from './overload/bench.ts';
import { routeVerdict } from './route-verdict/bench.ts';
import { scale } from './scale/bench.ts';
import { sessionStart } from './session-start/bench.ts';
import { sideHop } from './side-hop/bench.ts';
import { text } from './text/bench.ts';
import { turn } from './turn/bench.ts';

export const benches: readonly Bench[] = [
  ...[hop, hopTls, sessionStart, capacity, codec, text, turn, ends, http],
  ...[sideHop, isolation, attack, overload, routeVerdict, scale],
];
