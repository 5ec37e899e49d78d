// The page: header, notices, and the view that the address names. A new view gets a line in views.ts and a line here.
// Views read the state of their controller when they are drawn.

import type { Api } from '../api/ask.ts';
import type { ConsoleController } from '../session/controller.ts';
import type { LedgerController } from '../state/ledger/controller.ts';
import { Header } from './header.tsx';
import { LedgerPage } from './ledger/ledger-page.tsx';
import { Notices } from './notices.tsx';
import { OwnSessions } from './sessions/own-sessions.tsx';
import { TalkPage } from './talk/talk-page.tsx';
import { usePlace, views } from './views.ts';

interface AppProps {
  readonly controller: ConsoleController;
  readonly ledger: LedgerController;
  readonly api: Api;
}

export function App({ controller, ledger, api }: AppProps) {
  const { view, of } = usePlace(views);
  return (
    <>
      <Header controller={controller} view={view} />
      <Notices controller={controller} />
      <TalkPage controller={controller} isShown={view === 'talk'} />
      {view === 'sessions' && <OwnSessions controller={controller} api={api} of={of} />}
      {view === 'ledger' && <LedgerPage controller={controller} ledger={ledger} />}
    </>
  );
}
