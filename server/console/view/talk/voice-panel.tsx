// The panel of the caller's voice: a microphone with its level, or the recordings that come with the page.

import { useEffect, useRef } from 'preact/hooks';
import type { ConsoleController } from '../../session/controller.ts';
import { isBusy } from '../../state/state.ts';
import { Button } from '../components/button.tsx';
import { Field, Options, Segments } from '../components/field.tsx';

export function VoicePanel({ controller }: { controller: ConsoleController }) {
  const { input } = controller.state.form;
  return (
    <section class="panel" aria-labelledby="voice-title">
      <h2 id="voice-title">Your voice</h2>
      <div class="fields">
        <Segments
          name="input"
          legend="Speak with"
          value={input}
          choices={[
            ['microphone', 'Microphone'],
            ['samples', 'Samples only'],
          ]}
          onChoose={(input) => {
            controller.edit({ input });
            if (input === 'samples') controller.microphone.close();
          }}
        />
        {input === 'microphone' ? (
          <MicrophoneFields controller={controller} />
        ) : (
          <p class="hint">No microphone needed: play one of the recordings below the conversation.</p>
        )}
      </div>
    </section>
  );
}

function MicrophoneFields({ controller }: { controller: ConsoleController }) {
  const { form, microphone, devices, phase } = controller.state;
  const opened = microphone === 'on' || microphone === 'muted';
  const choose = (deviceId: string) => {
    controller.edit({ deviceId });
    if (opened) void controller.microphone.open();
  };
  return (
    <>
      <Field id="device" label="Device">
        <select id="device" value={form.deviceId} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">the browser's default</option>
          <Options of={devices.map(({ id, label }) => [id, label])} />
        </select>
      </Field>
      <Level controller={controller} live={opened} />
      {!isBusy(phase) && (
        <Button
          icon={opened ? 'stop' : 'microphone'}
          look="button-small"
          onClick={() => (opened ? controller.microphone.close() : void controller.microphone.open())}
        >
          {opened ? 'Stop the check' : 'Check the microphone'}
        </Button>
      )}
    </>
  );
}

/** Level of the microphone. It is drawn outside of the state, since it changes 25 times a second. */
function Level({ controller, live }: { controller: ConsoleController; live: boolean }) {
  const bar = useRef<HTMLSpanElement>(null);
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    const show = (value: number) => {
      bar.current?.style.setProperty('--level', value.toFixed(3));
      if (meter.current !== null) meter.current.value = Math.round(value * 100);
    };
    show(0);
    if (!live) return;
    const timer = setInterval(() => show(meterValue(controller.input.level)), 60);
    return () => clearInterval(timer);
  }, [controller, live]);
  return (
    <div class="level">
      <meter ref={meter} class="visually-hidden" aria-label="Microphone level" min={0} max={100} />
      <span ref={bar} class="level-bar" />
    </div>
  );
}

/** Maps -54 dB to 0 dB, the range of speech, to 0 to 1. */
function meterValue(level: number): number {
  const db = 20 * Math.log10(Math.max(1e-4, level));
  return Math.min(1, Math.max(0, (db + 54) / 54));
}
