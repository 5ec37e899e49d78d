// The view of a session: set-up on the left, the conversation in the middle, latency and events on the right.
// It stays mounted while another view is shown, so that a session goes on.

import type { ConsoleController } from '../../session/controller.ts';
import { isBusy } from '../../state/state.ts';
import { PostCallPanel } from '../post-call/panel.tsx';
import { ConversationPanel } from './conversation.tsx';
import { EventLogPanel } from './event-log/panel.tsx';
import { useSessionFocus, useSessionKeys } from './keyboard.ts';
import { LatencyPanel } from './latency.tsx';
import { SessionFormPanel } from './session-form.tsx';
import { VoicePanel } from './voice-panel.tsx';

export function TalkPage({ controller, isShown }: { controller: ConsoleController; isShown: boolean }) {
  const { form, output, phase, sentSamples, session, truncations } = controller.state;
  useSessionKeys(controller, isShown);
  useSessionFocus(phase);
  const mode = session?.mode ?? form.mode;
  return (
    <main
      class="page"
      hidden={!isShown}
      data-phase={phase}
      data-session={session?.id ?? ''}
      data-sent-samples={sentSamples}
      data-received-samples={output.receivedSamples}
      data-played-samples={output.playedSamples}
      data-queued-samples={output.queuedSamples}
      data-gaps={output.gaps}
      data-truncations={truncations.length}
    >
      <div class="column column-setup">
        <SessionFormPanel controller={controller} />
        {mode.modality === 'voice' && <VoicePanel controller={controller} />}
      </div>
      <div class="column column-conversation">
        <ConversationPanel controller={controller} />
        <PostCallPanel controller={controller} />
      </div>
      <div class="column column-figures">
        <LatencyPanel controller={controller} />
        <EventLogPanel log={controller.log} running={isBusy(phase)} />
      </div>
    </main>
  );
}
