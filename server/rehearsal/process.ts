// The entry of the rehearsal process. It is a process of its own, so that speech synthesis takes no time from the gateway's frames.

import type { RehearsalOptions } from '../config/rehearsal-schema.ts';
import { Rpc } from '../ipc/rpc.ts';
import { startRehearsal } from './host.ts';

let close: (() => Promise<void>) | undefined;

new Rpc(process, {
  async start(options: RehearsalOptions): Promise<string> {
    const rehearsal = await startRehearsal(options);
    close = () => rehearsal.close();
    return rehearsal.url;
  },
});

// Signals reach the whole process group; live sessions need their provider until the supervisor lets go.
process.on('SIGTERM', () => {});
process.on('SIGINT', () => {});
process.once('disconnect', () => void close?.());
