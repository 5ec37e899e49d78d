// The entry of the rehearsal process. It is a process of its own, so that speech synthesis takes no time from the gateway's frames.

import type { RehearsalOptions } from '../config/rehearsal-schema.ts';
import { Rpc } from '../ipc/rpc.ts';
import { leaveSignalsToSupervisor } from '../ipc/signals.ts';
import { startRehearsal } from './host.ts';

let close: (() => Promise<void>) | undefined;

new Rpc(process, {
  async start(options: RehearsalOptions): Promise<string> {
    const rehearsal = await startRehearsal(options);
    close = () => rehearsal.close();
    return rehearsal.url;
  },
  // An answer is all that it has to say.
  readiness: () => ({}),
});

leaveSignalsToSupervisor();
process.once('disconnect', () => void close?.());
