// Starts the operator's page: the admin listener behind it, its token, and the views.

import { render } from 'preact';
import { createApi } from '../../api/ask.ts';
import { keptCredential } from '../../api/credential.ts';
import { StateStore } from '../../state/store.ts';
import { applyTheme, savedTheme } from '../components/theme.tsx';
import { OperatorApp, type OperatorState } from './operator-app.tsx';
import '../../style/index.css';

applyTheme(savedTheme());
const root = document.getElementById('app') as HTMLElement;
const token = keptCredential('trunkline.token');
const store = new StateStore<OperatorState>({ token: token.get() === '' ? 'none' : 'given' }, draw);
const api = createApi({
  fetch: (input, init) => fetch(input, init),
  prefix: '',
  credential: token.get,
  onRefused() {
    store.set({ token: token.get() === '' ? 'wanted' : 'wrong' });
  },
});
draw();

function useToken(next: string): void {
  token.set(next);
  store.set({ token: next === '' ? 'wanted' : 'given' });
}

function draw(): void {
  render(<OperatorApp api={api} store={store} useToken={useToken} />, root);
}
