// The welcome of a newcomer: what to do, in three lines, and one button that needs no microphone.

import { modes } from '../../dialects/modes.ts';
import type { ConsoleController } from '../../session/controller.ts';
import type { ConsoleState } from '../../state/state.ts';
import { Icon } from '../components/icon.tsx';
import { samples } from './samples.ts';

export function Welcome({ controller, state }: { controller: ConsoleController; state: ConsoleState }) {
  const providers = state.gateway?.providers ?? [];
  const rehearsal = providers.find(({ name }) => name === state.form.provider)?.status === 'rehearsal';
  const unconfigured = providers.every(({ status }) => status !== 'configured');
  const needsKey = state.gateway?.mode === 'keys' && state.form.key === '';
  const hasTasks = (state.gateway?.side?.tasks.length ?? 0) > 0;
  const demonstrate = async () => {
    const mode = state.form.mode.modality === 'voice' ? state.form.mode : modes[0];
    controller.edit({ mode, input: 'samples', turnTaking: 'detect' });
    controller.whenReady(() => void controller.playSample(samples[0].file));
    await controller.start();
  };
  return (
    <div class="welcome">
      <p class="welcome-title">Talk through the gateway</p>
      <p>
        Every frame of this conversation passes through Trunkline, unchanged. You see the words of both sides, the
        latency of each turn, and how little of it the gateway takes.
        {hasTasks && ' When the call is over, its side tasks show here what it was about, and what it cost.'}
      </p>
      {rehearsal && (
        <p class="muted">
          {unconfigured ? 'No provider is configured yet, so a' : 'For the provider that is chosen here, a'} built-in
          rehearsal provider answers: a short sentence, then your own words played back. It needs no API key and no
          network.
        </p>
      )}
      <p class="welcome-actions">
        <button type="button" class="button button-primary" disabled={needsKey} onClick={() => void controller.start()}>
          <Icon name={state.form.mode.modality === 'voice' ? 'microphone' : 'send'} />
          {state.form.mode.modality === 'voice' ? 'Start talking' : 'Start session'}
        </button>
        <button type="button" class="button" disabled={needsKey} onClick={() => void demonstrate()}>
          <Icon name="play" /> Try it with a recording
        </button>
      </p>
      {needsKey && <p class="muted">This gateway asks for a key: enter it under Session.</p>}
    </div>
  );
}
