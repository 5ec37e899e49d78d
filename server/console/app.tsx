// The page: set-up on the left, the conversation in the middle, figures and events on the right.

import type { Conductor } from './conductor.ts';
import { isBusy } from './state.ts';
import { ConversationPanel } from './view/conversation.tsx';
import { EventLogPanel } from './view/event-log.tsx';
import { Header } from './view/header.tsx';
import { useKeys } from './view/keys.ts';
import { LatencyPanel } from './view/latency.tsx';
import { Notices } from './view/notices.tsx';
import { useSessionFocus } from './view/session-focus.ts';
import { SessionForm } from './view/session-form.tsx';
import { useStore } from './view/use-store.ts';
import { VoicePanel } from './view/voice-panel.tsx';

export function App({ conductor }: { conductor: Conductor }) {
  const state = useStore(conductor.store);
  useKeys(conductor);
  useSessionFocus(state.phase);
  const { output, session, cuts } = state;
  const mode = session?.mode ?? state.form.mode;
  return (
    <>
      <Header state={state} />
      <Notices conductor={conductor} notices={state.notices} />
      <main
        class="page"
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
        </div>
        <div class="column column-figures">
          <LatencyPanel state={state} />
          <EventLogPanel log={conductor.log} running={isBusy(state.phase)} />
        </div>
      </main>
    </>
  );
}
