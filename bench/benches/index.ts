// The registry of the benches, in the order in which they run.

import type { Bench } from '../bench.ts';
import { codec } from './codec.ts';
import { ends } from './ends.ts';
import { hop } from './hop.ts';
import { http } from './http.ts';
import { sessionStart } from './session-start.ts';

export const benches: readonly Bench[] = [hop, sessionStart, codec, ends, http];
