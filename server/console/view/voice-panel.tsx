// Where the caller's voice comes from: a microphone with its level, or the recordings that come with the page.

import { useEffect, useRef } from 'preact/hooks';
import type { Conductor } from '../conductor.ts';
import { type ConsoleState, isBusy } from '../state.ts';
import { Field, Segments } from './field.tsx';
import { Icon } from './icon.tsx';

export function VoicePanel({ conductor, state }: { conductor: Conductor; state: ConsoleState }) {
  const { form, microphone, devices, phase } = state;
  const opened = microphone === 'on' || microphone === 'muted';
  const choose = (deviceId: string) => {
    conductor.edit({ deviceId });
    if (opened) void conductor.openMicrophone();
  };
  return (
    <section class="panel" aria-labelledby="voice-title">
      <h2 id="voice-title">Your voice</h2>
      <div class="fields">
        <Segments
          name="input"
          legend="Speak with"
          value={form.input}
          choices={[
            { value: 'microphone', label: 'Microphone' },
            { value: 'samples', label: 'Samples only' },
          ]}
          onChoose={(input) => {
            conductor.edit({ input });
            if (input === 'samples') conductor.closeMicrophone();
          }}
        />
        {form.input === 'microphone' && (
          <>
            <Field id="device" label="Device">
              <select id="device" value={form.deviceId} onChange={(event) => choose(event.currentTarget.value)}>
                <option value="">the browser's default</option>
                {devices.map(({ id, label }) => (
                  <option key={id} value={id}>
                    {label}
                  </option>
                ))}
              </select>
            </Field>
            <Level conductor={conductor} live={opened} />
            {!isBusy(phase) && (
              <button
                type="button"
                class="button button-small"
                onClick={() => (opened ? conductor.closeMicrophone() : void conductor.openMicrophone())}
              >
                <Icon name={opened ? 'stop' : 'microphone'} />
                {opened ? 'Stop the check' : 'Check the microphone'}
              </button>
            )}
          </>
        )}
        {form.input === 'samples' && (
          <p class="hint">No microphone needed: play one of the recordings below the conversation.</p>
        )}
      </div>
    </section>
  );
}

/** Drawn by hand: it changes 25 times a second. */
function Level({ conductor, live }: { conductor: Conductor; live: boolean }) {
  const bar = useRef<HTMLSpanElement>(null);
  const meter = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!live) {
      bar.current?.style.setProperty('--level', '0');
      return;
    }
    const timer = setInterval(() => {
      // -54 dB to 0 dB, the range in which speech moves.
      const db = 20 * Math.log10(Math.max(1e-4, conductor.input.level));
      const value = Math.min(1, Math.max(0, (db + 54) / 54));
      bar.current?.style.setProperty('--level', value.toFixed(3));
      meter.current?.setAttribute('aria-valuenow', String(Math.round(value * 100)));
    }, 60);
    return () => clearInterval(timer);
  }, [conductor, live]);
  return (
    <div
      ref={meter}
      class="level"
      role="meter"
      aria-label="Microphone level"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={0}
      data-live={live}
    >
      <span ref={bar} class="level-bar" />
    </div>
  );
}
