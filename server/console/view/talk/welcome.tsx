// The welcome of a newcomer: what to do, in three lines, and one button that needs no microphone.

import { modes } from '../../dialects/modes.ts';
import type { ConsoleController } from '../../session/controller.ts';
import { Button } from '../components/button.tsx';
import { samples } from './samples.ts';

export function Welcome({ controller }: { controller: ConsoleController }) {
  const { gateway, form } = controller.state;
  const providers = gateway?.providers ?? [];
  const rehearsal = providers.find(({ name }) => name === form.provider)?.status === 'rehearsal';
  const unconfigured = providers.every(({ status }) => status !== 'configured');
  const needsKey = gateway?.mode === 'keys' && form.key === '';
  const hasTasks = (gateway?.side?.tasks.length ?? 0) > 0;
  const voice = form.mode.modality === 'voice';
  const demonstrate = async () => {
    controller.edit({ mode: voice ? form.mode : modes[0], input: 'samples', turnTaking: 'detect' });
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
        <Button
          icon={voice ? 'microphone' : 'send'}
          look="button-primary"
          disabled={needsKey}
          onClick={() => void controller.start()}
        >
          {voice ? 'Start talking' : 'Start session'}
        </Button>
        <Button icon="play" disabled={needsKey} onClick={() => void demonstrate()}>
          Try it with a recording
        </Button>
      </p>
      {needsKey && <p class="muted">This gateway asks for a key: enter it under Session.</p>}
    </div>
  );
}
