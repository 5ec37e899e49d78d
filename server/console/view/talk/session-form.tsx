// The form of a session: dialect, provider, model, turns, instructions. It is locked while a session runs.

import type { ProviderStatus } from '../../api/gateway.ts';
import { modeOf, modes } from '../../dialects/modes.ts';
import type { ConsoleController } from '../../session/controller.ts';
import { providerLabel } from '../../state/format.ts';
import { type ConsoleState, isBusy, type SessionForm } from '../../state/state.ts';
import { Field, Segments } from '../components/field.tsx';
import { Icon } from '../components/icon.tsx';

const statusWords: Record<ProviderStatus['status'], string> = {
  configured: 'configured',
  rehearsal: 'rehearsal',
  missing: 'no API key',
};

export function SessionFormPanel({ controller, state }: { controller: ConsoleController; state: ConsoleState }) {
  const { form, phase } = state;
  const busy = isBusy(phase);
  const edit = (change: Partial<SessionForm>) => controller.edit(change);
  const voice = form.mode.modality === 'voice';
  const submit = (event: Event) => {
    event.preventDefault();
    if (busy) controller.end();
    else void controller.start();
  };
  return (
    <form class="panel session-form" aria-labelledby="session-title" onSubmit={submit}>
      <h2 id="session-title">Session</h2>
      <fieldset disabled={busy} class="fields">
        <legend class="visually-hidden">Session settings</legend>
        <ModeField form={form} edit={edit} />
        <ProviderField state={state} edit={edit} />
        <ModelField form={form} edit={edit} />
        {state.gateway?.mode === 'keys' && (
          <Field id="key" label="Gateway key" hint="Kept in this page's memory only.">
            <input
              id="key"
              type="password"
              autocomplete="off"
              required
              value={form.key}
              aria-describedby="key-hint"
              onInput={(event) => edit({ key: event.currentTarget.value })}
            />
          </Field>
        )}
        {voice && <TurnTakingField form={form} edit={edit} />}
        <MoreSettings form={form} edit={edit} />
      </fieldset>
      <button type="submit" data-focus-closed class={busy ? 'button button-wide' : 'button button-primary button-wide'}>
        <Icon name={busy ? 'end' : voice ? 'microphone' : 'send'} />
        {busy ? 'End session' : voice ? 'Start talking' : 'Start session'}
      </button>
    </form>
  );
}

interface EditProps {
  readonly form: SessionForm;
  edit(change: Partial<SessionForm>): void;
}

function ModeField({ form, edit }: EditProps) {
  return (
    <Field id="mode" label="Dialect">
      <select id="mode" value={form.mode.id} onChange={(event) => edit({ mode: modeOf(event.currentTarget.value) })}>
        {modes.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </select>
    </Field>
  );
}

function ProviderField({ state, edit }: { state: ConsoleState; edit: EditProps['edit'] }) {
  const { form, gateway } = state;
  const fitting = (gateway?.providers ?? []).filter(({ dialects }) =>
    dialects.some(({ name }) => name === form.mode.dialect.name),
  );
  const chosen = fitting.find(({ name }) => name === form.provider);
  return (
    <Field id="provider" label="Provider" hint={chosen === undefined ? undefined : hints[chosen.status]}>
      <select
        id="provider"
        value={form.provider}
        aria-describedby="provider-hint"
        onChange={(event) => edit({ provider: event.currentTarget.value })}
      >
        {fitting.length === 0 && <option value="">none for this dialect</option>}
        {fitting.map(({ name, status }) => (
          <option key={name} value={name}>
            {`${providerLabel(name)} (${statusWords[status]})`}
          </option>
        ))}
      </select>
    </Field>
  );
}

const hints: Record<ProviderStatus['status'], string | undefined> = {
  configured: undefined,
  rehearsal: 'The built-in rehearsal, no model: it answers with your own words.',
  missing: 'The gateway has no API key for this provider, so it will refuse the session.',
};

function ModelField({ form, edit }: EditProps) {
  return (
    <Field id="model" label="Model">
      <input
        id="model"
        list="models"
        required
        autocomplete="off"
        spellcheck={false}
        value={form.model}
        onInput={(event) => edit({ model: event.currentTarget.value })}
      />
      <datalist id="models">
        {form.mode.dialect.models[form.mode.modality].map((model) => (
          <option key={model} value={model} />
        ))}
      </datalist>
    </Field>
  );
}

function TurnTakingField({ form, edit }: EditProps) {
  return (
    <Segments
      name="turn-taking"
      legend="Turns"
      value={form.turnTaking}
      choices={[
        { value: 'detect', label: 'Voice detection' },
        { value: 'manual', label: 'Push to talk' },
      ]}
      onChoose={(turnTaking) => edit({ turnTaking })}
    />
  );
}

function MoreSettings({ form, edit }: EditProps) {
  const voices = form.mode.dialect.voices;
  return (
    <details class="more">
      <summary>
        <Icon name="chevron" /> Instructions, voice, tools
      </summary>
      <Field id="instructions" label="Instructions">
        <textarea
          id="instructions"
          rows={3}
          value={form.instructions}
          onInput={(event) => edit({ instructions: event.currentTarget.value })}
        />
      </Field>
      {form.mode.modality === 'voice' && (
        <Field id="voice" label="Voice">
          <select id="voice" value={form.voice} onChange={(event) => edit({ voice: event.currentTarget.value })}>
            <option value="">the provider's default</option>
            {voices.map((voice) => (
              <option key={voice} value={voice}>
                {voice}
              </option>
            ))}
          </select>
        </Field>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={form.tools}
          onChange={(event) => edit({ tools: event.currentTarget.checked })}
        />
        <span>
          Offer an example function <span class="muted">get_local_time, answered by this page</span>
        </span>
      </label>
    </details>
  );
}
