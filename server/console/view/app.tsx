// The page: set-up on the left, the conversation in the middle, figures and events on the right; and the ledger as a second view.

import type { LedgerDesk } from '../ledger/ledger-desk.ts';
import { isBusy } from '../state/state.ts';
import type { Conductor } from '../talk/conductor.ts';
import { AfterCallPanel } from './after-call.tsx';
import { ConversationPanel } from './conversation.tsx';
import { EventLogPanel } from './event-log.tsx';
import { Header } from './header.tsx';
import { useKeys } from './keys.ts';
import { LatencyPanel } from './latency.tsx';
import { LedgerPage } from './ledger/ledger-page.tsx';
import { Notices } from './notices.tsx';
import { useSessionFocus } from './session-focus.ts';
import { SessionForm } from './session-form.tsx';
import { useStore } from './use-store.ts';
import { useView } from './use-view.ts';
import { VoicePanel } from './voice-panel.tsx';

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
