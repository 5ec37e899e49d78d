// The entry of the rehearsal process. It is a process of its own, so that speech synthesis takes no time from the gateway's frames.

import type { RehearsalOptions } from '../config/rehearsal/rehearsal-schema.ts';
import { countDescriptors, outOfDescriptors } from '../http/connection/descriptors.ts';
import { callSupervisor } from '../ipc/channel/socket-port.ts';
import { leaveSignalsToSupervisor } from '../ipc/signals.ts';
import type { Readiness } from '../platform/load/readiness.ts';
import { type RunningRehearsal, startRehearsal } from './host.ts';

const descriptors = countDescriptors();
let rehearsal: RunningRehearsal | undefined;

callSupervisor({
  async start(options: RehearsalOptions): Promise<string> {
    rehearsal = await startRehearsal(options);
    return rehearsal.url;
  },
  use: (options: RehearsalOptions) => rehearsal?.use(options),
  /** A session takes one. */
  readiness: (): Readiness => ({ sessions: descriptors.state(1) === 'free' ? [] : [outOfDescriptors] }),
});

leaveSignalsToSupervisor();
process.once('disconnect', () => void rehearsal?.close());
