// The page: header, notices, and the view that the address names. A new view gets a line in views.ts and a line here.
// Views read the state of their controller when they are drawn.

import type { LedgerController } from '../ledger/controller.ts';
import type { ConsoleController } from '../session/controller.ts';
import { Header } from './header.tsx';
import { LedgerPage } from './ledger/ledger-page.tsx';
import { Notices } from './notices.tsx';
import { TalkPage } from './talk/talk-page.tsx';
import { useView } from './views.ts';

export function App({ controller, ledger }: { controller: ConsoleController; ledger: LedgerController }) {
  const view = useView();
  return (
    <>
      <Header controller={controller} view={view} />
      <Notices controller={controller} />
      <TalkPage controller={controller} isShown={view === 'talk'} />
      {view === 'ledger' && <LedgerPage controller={controller} ledger={ledger} />}
    </>
  );
}
