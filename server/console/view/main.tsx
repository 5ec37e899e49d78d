// Starts the page: the controllers with a real browser around them, and the views, drawn again when the state has changed.

import { render } from 'preact';
import { createApi } from '../api/ask.ts';
import { keptCredential } from '../api/credential.ts';
import { listMicrophones, openMicrophone } from '../audio/microphone.ts';
import { openPlayer } from '../audio/player.ts';
import { loadRecording } from '../audio/recording.ts';
import { pageClock } from '../audio/speech.ts';
import { ConsoleController } from '../session/controller.ts';
import { initialLedger, LedgerController } from '../state/ledger/controller.ts';
import { initialState } from '../state/state.ts';
import { StateStore } from '../state/store.ts';
import { App } from './app.tsx';
import '../style/index.css';
import { applyTheme, savedTheme } from './components/theme.tsx';

applyTheme(savedTheme());
const root = document.getElementById('app') as HTMLElement;
let isDrawDue = false;
const key = keptCredential('trunkline.key');
const withKey = { ...initialState, form: { ...initialState.form, key: key.get() } };
const controller = new ConsoleController(new StateStore(withKey, changed), {
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
const api = createApi({
  fetch: (input, init) => fetch(input, init),
  prefix: '/v1',
  credential: () => controller.store.get().form.key,
});
void controller.load();
navigator.mediaDevices?.addEventListener('devicechange', () => void controller.microphone.refresh());
drawSoon();

/** Keeps the key, so that a reload of the page finds the sessions of the same one. */
function changed(): void {
  const typed = controller.state.form.key;
  if (typed !== key.get()) key.set(typed);
  drawSoon();
}

/** Draws at the next animation frame, however many changes there were; after 100 ms in a page that is hidden, where there are no frames. */
function drawSoon(): void {
  if (isDrawDue) return;
  isDrawDue = true;
  const draw = () => {
    isDrawDue = false;
    render(<App controller={controller} ledger={ledger} api={api} />, root);
  };
  if (document.hidden) setTimeout(draw, 100);
  else requestAnimationFrame(draw);
}
