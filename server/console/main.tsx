// Starts the page: the controllers with a real browser around them, and the views, drawn again when the state has changed.

import { render } from 'preact';
import { listMicrophones, openMicrophone } from './audio/microphone.ts';
import { openPlayer } from './audio/player.ts';
import { loadRecording } from './audio/recording.ts';
import { pageClock } from './audio/speech.ts';
import { initialLedger, LedgerController } from './ledger/controller.ts';
import { ConsoleController } from './session/controller.ts';
import { initialState } from './state/state.ts';
import { StateStore } from './state/store.ts';
import { App } from './view/app.tsx';
import './style/theme.css';
import './style/layout.css';
import './style/header.css';
import './style/fields.css';
import './style/buttons.css';
import './style/conversation.css';
import './style/latency.css';
import './style/event-log.css';
import './style/task-result.css';
import './style/post-call.css';
import './style/plot.css';
import './style/ledger-table.css';
import './style/ledger.css';
import { applyTheme, savedTheme } from './view/components/theme.tsx';

applyTheme(savedTheme());
const root = document.getElementById('app') as HTMLElement;
let isDrawDue = false;
const controller = new ConsoleController(new StateStore(initialState, drawSoon), {
  origin: location.origin,
  clock: pageClock,
  fetch: (input, init) => fetch(input, init),
  dial: (url, protocols) => new WebSocket(url, protocols),
  openMicrophone,
  openPlayer,
  listMicrophones,
  loadRecording,
  newId: () => crypto.randomUUID(),
  date: () => Date.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});
const ledger = new LedgerController(new StateStore(initialLedger, drawSoon), {
  fetch: (input, init) => fetch(input, init),
  date: () => Date.now(),
  key: () => controller.store.get().form.key,
});
void controller.load();
navigator.mediaDevices?.addEventListener('devicechange', () => void controller.microphone.refresh());
drawSoon();

/** Draws at the next animation frame, however many changes there were; after 100 ms in a page that is hidden, where there are no frames. */
function drawSoon(): void {
  if (isDrawDue) return;
  isDrawDue = true;
  const draw = () => {
    isDrawDue = false;
    render(<App controller={controller} ledger={ledger} />, root);
  };
  if (document.hidden) setTimeout(draw, 100);
  else requestAnimationFrame(draw);
}
