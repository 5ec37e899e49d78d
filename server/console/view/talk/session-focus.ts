// Moves the focus along with the session, so that the keyboard finds the next step where it is:
// the space bar that started a session must not end it.

import { useEffect } from 'preact/hooks';
import type { Phase } from '../../state/state.ts';

export function useSessionFocus(phase: Phase): void {
  useEffect(() => {
    const next = phase === 'ready' ? '[data-focus-ready]' : phase === 'closed' ? '[data-focus-closed]' : undefined;
    if (next === undefined || !isFree(document.activeElement)) return;
    document.querySelector<HTMLElement>(next)?.focus({ preventScroll: phase === 'closed' });
  }, [phase]);
}

/** Nobody is busy elsewhere: the focus is nowhere, or where the session was started or ended. */
function isFree(element: Element | null): boolean {
  return element === null || element === document.body || element.matches('[data-focus-closed]');
}
