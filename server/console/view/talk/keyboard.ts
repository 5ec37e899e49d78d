// The keyboard of a session: space holds push-to-talk, escape stops the reply, and the focus moves along with the session.

import { useEffect } from 'preact/hooks';
import type { ConsoleController } from '../../session/controller.ts';
import type { Phase } from '../../state/state.ts';

/** Listens to keys of the whole page, unless something is typed or another view is shown. */
export function useSessionKeys(controller: ConsoleController, isShown: boolean): void {
  useEffect(() => {
    if (!isShown) return;
    const down = (event: KeyboardEvent) => {
      if (event.code === 'Escape') void controller.stopReply();
      if (event.code !== 'Space' || !isForTalking(event.target)) return;
      event.preventDefault();
      if (!event.repeat) void controller.beginPushToTalk();
    };
    const up = (event: KeyboardEvent) => {
      if (event.code !== 'Space') return;
      // A click on the button would follow; the key was already the whole gesture.
      if (isForTalking(event.target)) event.preventDefault();
      controller.endPushToTalk();
    };
    const leave = () => controller.endPushToTalk();
    const listening = new AbortController();
    addEventListener('keydown', down, listening);
    addEventListener('keyup', up, listening);
    addEventListener('blur', leave, listening);
    return () => {
      leave();
      listening.abort();
    };
  }, [controller, isShown]);
}

/** False when the focus is on something that takes the space bar itself. */
function isForTalking(target: EventTarget | null): boolean {
  const hasTalkButton = document.querySelector('[data-hold-to-talk]') !== null;
  if (!hasTalkButton || !(target instanceof HTMLElement)) return false;
  if (target.dataset.holdToTalk !== undefined) return true;
  return target.closest('input, textarea, select, button, summary, a, [contenteditable]') === null;
}

/** Moves the focus to the next step: the space bar that started a session must not end it. */
export function useSessionFocus(phase: Phase): void {
  useEffect(() => {
    const next = phase === 'ready' ? '[data-focus-ready]' : phase === 'closed' ? '[data-focus-closed]' : undefined;
    if (next === undefined || !mayMoveFocus(document.activeElement)) return;
    document.querySelector<HTMLElement>(next)?.focus({ preventScroll: phase === 'closed' });
  }, [phase]);
}

/** True when the focus is nowhere, or where the session was started or ended: nobody is busy elsewhere. */
function mayMoveFocus(element: Element | null): boolean {
  return element === null || element === document.body || element.matches('[data-focus-closed]');
}
