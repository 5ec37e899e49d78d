// Closes both ends of a session behind the bytes that have passed; the provider later where the last usage is still to come.

import type { Close, CloseReason, EndOptions } from '../close-reason.ts';
import type { Link } from '../link/link.ts';
import { awaitLastUsage, type LastUsageOptions } from './last-usage.ts';

interface Ends extends Omit<LastUsageOptions, 'which' | 'onOver' | 'provider' | 'upstream'> {
  readonly provider: LastUsageOptions['provider'] & { terminate(): void } & Pick<Link['target'], 'close'>;
  readonly upstream: Link;
  readonly downstream: Link;
}

/** `finalEvent` leaves ahead of the close of the client. Returns what ends the wait for the last usage; undefined: nobody waits. */
export function closeEnds(ends: Ends, reason: CloseReason, how: EndOptions): (() => void) | undefined {
  const { upstream, downstream, provider } = ends;
  const { client, provider: close } = reason;
  const onOver = () => (close === 'lost' ? provider.terminate() : provider.close(close.code, close.reason));
  const which = reason.awaitsUsage;
  const endWait = which && awaitLastUsage({ ...ends, which, onOver });
  closeTarget(downstream, client, { ...how, isObserving: endWait !== undefined });
  if (endWait === undefined) closeTarget(upstream, close, { ...how, finalEvent: undefined });
  return endWait;
}

/** One that is lost is destroyed at once. */
function closeTarget(link: Link, close: Close | 'lost', how: EndOptions): void {
  const { finalEvent, isHurried = false, isObserving } = how;
  const peer = link.target;
  if (close === 'lost') peer.terminate();
  const sendClose = (): void => {
    if (close === 'lost') return;
    if (finalEvent !== undefined) peer.sendMessage(finalEvent);
    peer.close(close.code, close.reason);
  };
  link.finish(sendClose, { isHurried: isHurried || !peer.isOpen, isObserving });
}
