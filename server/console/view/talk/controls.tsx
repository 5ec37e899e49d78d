// Controls of the caller during a session: microphone, push-to-talk, recordings, written messages, stop.

import { useState } from 'preact/hooks';
import type { ConsoleController } from '../../session/controller.ts';
import type { ConsoleState } from '../../state/state.ts';
import { Icon } from '../components/icon.tsx';
import { samples } from './samples.ts';

interface ControlsProps {
  readonly controller: ConsoleController;
  readonly state: ConsoleState;
}

export function CallerControls({ controller, state }: ControlsProps) {
  const { session, replying, silenced, output, phase } = state;
  const voice = session?.mode.modality === 'voice';
  const canStop = session?.mode.dialect.name !== 'openai-responses';
  return (
    <div class="dock">
      {voice && (
        <div class="dock-row">
          {state.form.input === 'microphone' && <VoiceButton controller={controller} state={state} />}
          <SamplePlayer controller={controller} state={state} />
        </div>
      )}
      <div class="dock-row">
        <Composer controller={controller} ready={phase === 'ready'} />
        {canStop && (
          <button
            type="button"
            class="button"
            disabled={(!replying || silenced) && output.queuedSamples === 0}
            title="Silence the reply (Esc)"
            onClick={() => void controller.stopReply()}
          >
            <Icon name="stop" /> Stop reply
          </button>
        )}
        <button type="button" class="button end-here" onClick={() => controller.end()}>
          <Icon name="end" /> End session
        </button>
      </div>
    </div>
  );
}

function VoiceButton({ controller, state }: ControlsProps) {
  return state.session?.turnTaking === 'manual' ? (
    <HoldButton controller={controller} state={state} />
  ) : (
    <MicrophoneButton controller={controller} state={state} />
  );
}

function HoldButton({ controller, state }: ControlsProps) {
  const { pushToTalk, phase, sample } = state;
  const down = (event: PointerEvent) => {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    void controller.beginPushToTalk();
  };
  return (
    <button
      type="button"
      class="button button-talk"
      data-hold-to-talk
      data-focus-ready
      data-talking={pushToTalk}
      aria-pressed={pushToTalk}
      aria-disabled={sample !== undefined}
      disabled={phase !== 'ready'}
      onPointerDown={down}
      onPointerUp={() => controller.endPushToTalk()}
      onPointerCancel={() => controller.endPushToTalk()}
      onContextMenu={(event) => event.preventDefault()}
    >
      <Icon name="microphone" />
      {pushToTalk ? 'Release to send' : 'Hold to talk'}
      <kbd>Space</kbd>
    </button>
  );
}

function MicrophoneButton({ controller, state }: ControlsProps) {
  const { microphone, phase } = state;
  const act = () => {
    if (microphone === 'off') void controller.microphone.open();
    else controller.mute(microphone === 'on');
  };
  const words = { off: 'Turn microphone on', asking: 'Waiting for permission', on: 'Mute', muted: 'Unmute' };
  return (
    <button
      type="button"
      class="button button-talk"
      data-microphone={microphone}
      data-focus-ready
      disabled={phase !== 'ready' || microphone === 'asking'}
      onClick={act}
    >
      <Icon name={microphone === 'on' ? 'microphone' : 'muted'} />
      {words[microphone]}
    </button>
  );
}

function SamplePlayer({ controller, state }: ControlsProps) {
  const [chosen, setChosen] = useState<string>(samples[0].file);
  const { sample, phase, pushToTalk } = state;
  return (
    <div class="sample-player">
      <select
        aria-label="Sample recording"
        value={chosen}
        disabled={sample !== undefined}
        onChange={(event) => setChosen(event.currentTarget.value)}
      >
        {samples.map(({ file, words, seconds }) => (
          <option key={file} value={file}>
            {`“${words}” (${seconds.toFixed(1)} s)`}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="button"
        data-sample={sample ?? ''}
        disabled={phase !== 'ready' || pushToTalk}
        onClick={() => (sample === undefined ? void controller.playSample(chosen) : controller.stopSample())}
      >
        <Icon name={sample === undefined ? 'play' : 'stop'} />
        {sample === undefined ? 'Play sample' : 'Stop sample'}
      </button>
    </div>
  );
}

function Composer({ controller, ready }: { controller: ConsoleController; ready: boolean }) {
  const [text, setText] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim() === '') return;
    void controller.write(text);
    setText('');
  };
  return (
    <form class="composer" onSubmit={submit}>
      <label class="visually-hidden" for="message">
        Message
      </label>
      <input
        id="message"
        placeholder="Write a message"
        data-focus-ready
        autocomplete="off"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="button" disabled={!ready || text.trim() === ''}>
        <Icon name="send" /> Send
      </button>
    </form>
  );
}
