// Closes the target of a link behind the bytes that have passed.

import type { Close, EndOptions } from '../close-reason.ts';
import type { Link } from '../link.ts';

/** `finalEvent` leaves ahead of the close. One that is lost is destroyed at once. */
export function closeTarget(link: Link, close: Close | 'lost', how: EndOptions): void {
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
