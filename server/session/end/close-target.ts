// Closes the target of a link behind the bytes that have passed, and reads how a source has closed.

import { readClose } from '../../../codecs/close-frame.ts';
import type { ReadEnd } from '../../../codecs/frame-batch.ts';
import type { Peer } from '../../transport/peer.ts';
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

/** Reads the source no further. Returns its close, or the code of its fault; undefined for a refusal, which ends the session itself. */
export function closeOf(end: ReadEnd, source: Peer): ReturnType<typeof readClose> | undefined {
  source.finish();
  if (end.name === 'refused') return void end.refuse();
  return end.name === 'closed' ? readClose(end.payload) : { fault: end.code };
}
