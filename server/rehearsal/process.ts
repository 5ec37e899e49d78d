// The entry of the rehearsal process. It is a process of its own, so that speech synthesis takes no time from the gateway's frames.

import type { RehearsalOptions } from '../config/rehearsal/rehearsal-schema.ts';
import { countDescriptors, outOfDescriptors } from '../http/connection/descriptors.ts';
import { leaveSignalsToSupervisor } from '../ipc/signals.ts';
import { callSupervisor } from '../ipc/socket-port.ts';
import type { Readiness } from '../platform/readiness.ts';
import { startRehearsal } from './host.ts';

const descriptors = countDescriptors();
let close: (() => Promise<void>) | undefined;

callSupervisor({
  async start(options: RehearsalOptions): Promise<string> {
    const rehearsal = await startRehearsal(options);
    close = () => rehearsal.close();
    return rehearsal.url;
  },
  /** A session takes one. */
  readiness: (): Readiness => ({ sessions: descriptors.state(1) === 'free' ? [] : [outOfDescriptors] }),
});

leaveSignalsToSupervisor();
process.once('disconnect', () => void close?.());
