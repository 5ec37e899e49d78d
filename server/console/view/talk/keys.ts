// Keys of the whole page: space holds push-to-talk, escape stops the reply. Never while something is typed,
// or while another view is shown.

import { useEffect } from 'preact/hooks';
import type { Conductor } from '../../session/controller.ts';

export function useKeys(conductor: Conductor, isShown: boolean): void {
  useEffect(() => {
    if (!isShown) return;
    const down = (event: KeyboardEvent) => {
      if (event.code === 'Escape') void conductor.stopReply();
      if (event.code !== 'Space' || !isForTalking(event.target)) return;
      event.preventDefault();
      if (!event.repeat) void conductor.hold();
    };
    const up = (event: KeyboardEvent) => {
      if (event.code !== 'Space') return;
      // A click on the button would follow; the key was already the whole gesture.
      if (isForTalking(event.target)) event.preventDefault();
      conductor.release();
    };
    const leave = () => conductor.release();
    addEventListener('keydown', down);
    addEventListener('keyup', up);
    addEventListener('blur', leave);
    return () => {
      leave();
      removeEventListener('keydown', down);
      removeEventListener('keyup', up);
      removeEventListener('blur', leave);
    };
  }, [conductor, isShown]);
}

/** The space bar belongs to whatever has the focus, if that takes it. */
function isForTalking(target: EventTarget | null): boolean {
  if (conductorIsIdle() || !(target instanceof HTMLElement)) return false;
  if (target.dataset.holdToTalk !== undefined) return true;
  return target.closest('input, textarea, select, button, summary, a, [contenteditable]') === null;
}

function conductorIsIdle(): boolean {
  return document.querySelector('[data-hold-to-talk]') === null;
}
