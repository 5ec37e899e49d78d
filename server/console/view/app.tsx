// The page: header, notices, and the view that the address names. A new view gets a line in views.ts and a line here.

import type { LedgerController } from '../ledger/controller.ts';
import type { ConsoleController } from '../session/controller.ts';
import { useStore } from './components/use-store.ts';
import { Header } from './header.tsx';
import { LedgerPage } from './ledger/ledger-page.tsx';
import { Notices } from './notices.tsx';
import { TalkPage } from './talk/talk-page.tsx';
import { useView } from './views.ts';

export function App({ controller, ledger }: { controller: ConsoleController; ledger: LedgerController }) {
  const state = useStore(controller.store);
  const view = useView();
  return (
    <>
      <Header state={state} view={view} />
      <Notices controller={controller} notices={state.notices} />
      <TalkPage controller={controller} state={state} isShown={view === 'talk'} />
      {view === 'ledger' && <LedgerPage controller={controller} ledger={ledger} />}
    </>
  );
}
