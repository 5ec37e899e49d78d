// Everything with which the caller takes part: the microphone, push-to-talk, a recording, written words, stop.

import { useState } from 'preact/hooks';
import type { Conductor } from '../../session/controller.ts';
import type { ConsoleState } from '../../state/state.ts';
import { Icon } from '../components/icon.tsx';
import { samples } from './samples.ts';

interface DockProps {
  readonly conductor: Conductor;
  readonly state: ConsoleState;
}

export function TalkDock({ conductor, state }: DockProps) {
  const { session, replying, silenced, output, phase } = state;
  const voice = session?.mode.modality === 'voice';
  const canStop = session?.mode.dialect.name !== 'openai-responses';
  return (
    <div class="dock">
      {voice && (
        <div class="dock-row">
          {state.form.input === 'microphone' && <VoiceButton conductor={conductor} state={state} />}
          <SamplePlayer conductor={conductor} state={state} />
        </div>
      )}
      <div class="dock-row">
        <Composer conductor={conductor} ready={phase === 'ready'} />
        {canStop && (
          <button
            type="button"
            class="button"
            disabled={(!replying || silenced) && output.queuedSamples === 0}
            title="Silence the reply (Esc)"
            onClick={() => void conductor.stopReply()}
          >
            <Icon name="stop" /> Stop reply
          </button>
        )}
        <button type="button" class="button end-here" onClick={() => conductor.end()}>
          <Icon name="end" /> End session
        </button>
      </div>
    </div>
  );
}

function VoiceButton({ conductor, state }: DockProps) {
  return state.session?.turnTaking === 'manual' ? (
    <HoldButton conductor={conductor} state={state} />
  ) : (
    <MicrophoneButton conductor={conductor} state={state} />
  );
}

function HoldButton({ conductor, state }: DockProps) {
  const { talking, phase, sample } = state;
  const down = (event: PointerEvent) => {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    void conductor.hold();
  };
  return (
    <button
      type="button"
      class="button button-talk"
      data-hold-to-talk
      data-focus-ready
      data-talking={talking}
      aria-pressed={talking}
      aria-disabled={sample !== undefined}
      disabled={phase !== 'ready'}
      onPointerDown={down}
      onPointerUp={() => conductor.release()}
      onPointerCancel={() => conductor.release()}
      onContextMenu={(event) => event.preventDefault()}
    >
      <Icon name="microphone" />
      {talking ? 'Release to send' : 'Hold to talk'}
      <kbd>Space</kbd>
    </button>
  );
}

function MicrophoneButton({ conductor, state }: DockProps) {
  const { microphone, phase } = state;
  const act = () => {
    if (microphone === 'off') void conductor.microphone.open();
    else conductor.mute(microphone === 'on');
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

function SamplePlayer({ conductor, state }: DockProps) {
  const [chosen, setChosen] = useState<string>(samples[0].file);
  const { sample, phase, talking } = state;
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
        disabled={phase !== 'ready' || talking}
        onClick={() => (sample === undefined ? void conductor.playSample(chosen) : conductor.stopSample())}
      >
        <Icon name={sample === undefined ? 'play' : 'stop'} />
        {sample === undefined ? 'Play sample' : 'Stop sample'}
      </button>
    </div>
  );
}

function Composer({ conductor, ready }: { conductor: Conductor; ready: boolean }) {
  const [text, setText] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim() === '') return;
    void conductor.write(text);
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
