// The view of a session: set-up on the left, the conversation in the middle, latency and events on the right.
// It stays mounted while another view is shown, so that a session goes on.

import type { ConsoleController } from '../../session/controller.ts';
import { type ConsoleState, isBusy } from '../../state/state.ts';
import { PostCallPanel } from '../post-call/panel.tsx';
import { ConversationPanel } from './conversation.tsx';
import { EventLogPanel } from './event-log.tsx';
import { useSessionFocus, useSessionKeys } from './keyboard.ts';
import { LatencyPanel } from './latency.tsx';
import { SessionFormPanel } from './session-form.tsx';
import { VoicePanel } from './voice-panel.tsx';

interface TalkPageProps {
  readonly controller: ConsoleController;
  readonly state: ConsoleState;
  readonly isShown: boolean;
}

export function TalkPage({ controller, state, isShown }: TalkPageProps) {
  useSessionKeys(controller, isShown);
  useSessionFocus(state.phase);
  const { output, session } = state;
  const mode = session?.mode ?? state.form.mode;
  return (
    <main
      class="page"
      hidden={!isShown}
      data-phase={state.phase}
      data-session={session?.id ?? ''}
      data-sent-samples={state.sentSamples}
      data-received-samples={output.receivedSamples}
      data-played-samples={output.playedSamples}
      data-queued-samples={output.queuedSamples}
      data-gaps={output.gaps}
      data-truncations={state.truncations.length}
    >
      <div class="column column-setup">
        <SessionFormPanel controller={controller} state={state} />
        {mode.modality === 'voice' && <VoicePanel controller={controller} state={state} />}
      </div>
      <div class="column column-conversation">
        <ConversationPanel controller={controller} state={state} />
        <PostCallPanel state={state} />
      </div>
      <div class="column column-figures">
        <LatencyPanel state={state} />
        <EventLogPanel log={controller.log} running={isBusy(state.phase)} />
      </div>
    </main>
  );
}
