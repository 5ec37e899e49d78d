// Controls of the caller during a session: microphone, push-to-talk, recordings, written messages, stop.

import { useState } from 'preact/hooks';
import type { ConsoleController } from '../../session/controller.ts';
import { Button } from '../components/button.tsx';
import { Options } from '../components/field.tsx';
import { samples } from './samples.ts';

interface ControlsProps {
  readonly controller: ConsoleController;
}

export function CallerControls({ controller }: ControlsProps) {
  const { form, session } = controller.state;
  const TalkButton = session?.turnTaking === 'manual' ? HoldButton : MicrophoneButton;
  const isVoice = session?.mode.modality === 'voice';
  return (
    <div class="dock">
      {isVoice && (
        <div class="dock-row">
          {form.input === 'microphone' && <TalkButton controller={controller} />}
          <StopButton controller={controller} />
          <SamplePlayer controller={controller} />
        </div>
      )}
      <div class="dock-row">
        <Composer controller={controller} />
        {!isVoice && session?.mode.dialect.name !== 'openai-responses' && <StopButton controller={controller} />}
        <Button icon="end" look="end-here" onClick={() => controller.end()}>
          End session
        </Button>
      </div>
    </div>
  );
}

function StopButton({ controller }: ControlsProps) {
  const { replying, silenced, output } = controller.state;
  return (
    <Button
      icon="stop"
      disabled={(!replying || silenced) && output.queuedSamples === 0}
      title="Silence the reply (Esc)"
      onClick={() => void controller.stopReply()}
    >
      Stop reply
    </Button>
  );
}

function HoldButton({ controller }: ControlsProps) {
  const { pushToTalk, phase, sample } = controller.state;
  return (
    <Button
      icon="microphone"
      look="button-talk"
      data-hold-to-talk
      data-focus-ready
      data-talking={pushToTalk}
      aria-pressed={pushToTalk}
      aria-disabled={sample !== undefined}
      disabled={phase !== 'ready'}
      onPointerDown={({ currentTarget, pointerId }) => {
        currentTarget.setPointerCapture(pointerId);
        void controller.beginPushToTalk();
      }}
      onPointerUp={() => controller.endPushToTalk()}
      onPointerCancel={() => controller.endPushToTalk()}
      onContextMenu={(event) => event.preventDefault()}
    >
      {pushToTalk ? 'Release to send' : 'Hold to talk'}
      <kbd>Space</kbd>
    </Button>
  );
}

const microphoneWords = { off: 'Turn microphone on', asking: 'Waiting for permission', on: 'Mute', muted: 'Unmute' };

function MicrophoneButton({ controller }: ControlsProps) {
  const { microphone, phase } = controller.state;
  return (
    <Button
      icon={microphone === 'on' ? 'microphone' : 'muted'}
      look="button-talk"
      data-microphone={microphone}
      data-focus-ready
      disabled={phase !== 'ready' || microphone === 'asking'}
      onClick={() => (microphone === 'off' ? void controller.microphone.open() : controller.mute(microphone === 'on'))}
    >
      {microphoneWords[microphone]}
    </Button>
  );
}

function SamplePlayer({ controller }: ControlsProps) {
  const [chosen, setChosen] = useState<string>(samples[0].file);
  const { sample, phase, pushToTalk } = controller.state;
  return (
    <div class="sample-player">
      <select
        aria-label="Sample recording"
        value={chosen}
        disabled={sample !== undefined}
        onChange={(event) => setChosen(event.currentTarget.value)}
      >
        <Options of={samples.map(({ file, words, seconds }) => [file, `“${words}” (${seconds.toFixed(1)} s)`])} />
      </select>
      <Button
        icon={sample === undefined ? 'play' : 'stop'}
        data-sample={sample ?? ''}
        disabled={phase !== 'ready' || pushToTalk}
        onClick={() => (sample === undefined ? void controller.playSample(chosen) : controller.stopSample())}
      >
        {sample === undefined ? 'Play sample' : 'Stop sample'}
      </Button>
    </div>
  );
}

/** A field that grows with its text. Enter sends, shift and Enter begin a new line; the Enter that ends a composed character does neither. */
function Composer({ controller }: ControlsProps) {
  const [text, setText] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim() === '' || controller.state.phase !== 'ready') return;
    void controller.write(text);
    setText('');
  };
  return (
    <form class="composer" onSubmit={submit}>
      <label class="visually-hidden" for="message">
        Message
      </label>
      <div class="composer-field" data-text={text}>
        <textarea
          id="message"
          rows={1}
          placeholder="Write a message"
          title="Enter sends, Shift+Enter begins a new line"
          data-focus-ready
          autocomplete="off"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event);
          }}
        />
      </div>
      <Button icon="send" type="submit" disabled={controller.state.phase !== 'ready' || text.trim() === ''}>
        Send
      </Button>
    </form>
  );
}
