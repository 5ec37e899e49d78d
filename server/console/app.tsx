// The page: set-up on the left, the conversation in the middle, figures and events on the right; and the ledger as a second view.

import type { Conductor } from './conductor.ts';
import type { LedgerDesk } from './ledger/ledger-desk.ts';
import { isBusy } from './state.ts';
import { AfterCallPanel } from './view/after-call.tsx';
import { ConversationPanel } from './view/conversation.tsx';
import { EventLogPanel } from './view/event-log.tsx';
import { Header } from './view/header.tsx';
import { useKeys } from './view/keys.ts';
import { LatencyPanel } from './view/latency.tsx';
import { LedgerPage } from './view/ledger-page.tsx';
import { Notices } from './view/notices.tsx';
import { useSessionFocus } from './view/session-focus.ts';
import { SessionForm } from './view/session-form.tsx';
import { useStore } from './view/use-store.ts';
import { useView } from './view/use-view.ts';
import { VoicePanel } from './view/voice-panel.tsx';

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
