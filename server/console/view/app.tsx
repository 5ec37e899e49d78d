// The page: set-up on the left, the conversation in the middle, figures and events on the right; and the ledger as a second view.

import type { LedgerDesk } from '../ledger/controller.ts';
import type { Conductor } from '../session/controller.ts';
import { isBusy } from '../state/state.ts';
import { useStore } from './components/use-store.ts';
import { Header } from './header.tsx';
import { LedgerPage } from './ledger/ledger-page.tsx';
import { Notices } from './notices.tsx';
import { AfterCallPanel } from './post-call/panel.tsx';
import { ConversationPanel } from './talk/conversation.tsx';
import { EventLogPanel } from './talk/event-log.tsx';
import { useKeys } from './talk/keys.ts';
import { LatencyPanel } from './talk/latency.tsx';
import { useSessionFocus } from './talk/session-focus.ts';
import { SessionForm } from './talk/session-form.tsx';
import { VoicePanel } from './talk/voice-panel.tsx';
import { useView } from './views.ts';

export function App({ conductor, desk }: { conductor: Conductor; desk: LedgerDesk }) {
  const state = useStore(conductor.store);
  const view = useView();
  useKeys(conductor, view === 'talk');
  useSessionFocus(state.phase);
  const { output, session, cuts } = state;
  const mode = session?.mode ?? state.form.mode;
  return (
    <>
      <Header state={state} view={view} />
      <Notices conductor={conductor} notices={state.notices} />
      <main
        class="page"
        hidden={view !== 'talk'}
        data-phase={state.phase}
        data-session={session?.id ?? ''}
        data-sent-samples={state.sentSamples}
        data-received-samples={output.receivedSamples}
        data-played-samples={output.playedSamples}
        data-queued-samples={output.queuedSamples}
        data-gaps={output.gaps}
        data-cuts={cuts.length}
      >
        <div class="column column-setup">
          <SessionForm conductor={conductor} state={state} />
          {mode.modality === 'voice' && <VoicePanel conductor={conductor} state={state} />}
        </div>
        <div class="column column-conversation">
          <ConversationPanel conductor={conductor} state={state} />
          <AfterCallPanel state={state} />
        </div>
        <div class="column column-figures">
          <LatencyPanel state={state} />
          <EventLogPanel log={conductor.log} running={isBusy(state.phase)} />
        </div>
      </main>
      {view === 'ledger' && <LedgerPage conductor={conductor} desk={desk} />}
    </>
  );
}
