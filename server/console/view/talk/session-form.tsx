// The form of a session: dialect, provider, model, turns, instructions. It is locked while a session runs.

import type { ProviderStatus } from '../../api/gateway.ts';
import { modeOf, modes } from '../../dialects/modes.ts';
import type { ConsoleController } from '../../session/controller.ts';
import { providersOf } from '../../state/form.ts';
import { providerLabel } from '../../state/format.ts';
import { isBusy, type SessionForm } from '../../state/state.ts';
import { Button } from '../components/button.tsx';
import { Field, Options, Segments } from '../components/field.tsx';
import { Icon } from '../components/icon.tsx';
import { ConnectButton } from '../connect/connect-dialog.tsx';

export function SessionFormPanel({ controller }: { controller: ConsoleController }) {
  const { form, gateway, phase } = controller.state;
  const { dialect, modality } = form.mode;
  const busy = isBusy(phase);
  const edit = (change: Partial<SessionForm>) => controller.edit(change);
  const voice = modality === 'voice';
  const submit = (event: Event) => {
    event.preventDefault();
    if (busy) controller.end();
    else void controller.start();
  };
  return (
    <form class="panel" aria-labelledby="session-title" onSubmit={submit}>
      <div class="panel-head">
        <h2 id="session-title">Session</h2>
        <ConnectButton controller={controller} />
      </div>
      <fieldset disabled={busy} class="fields">
        <legend class="visually-hidden">Session settings</legend>
        <Field id="mode" label="Dialect">
          <select
            id="mode"
            value={form.mode.id}
            onChange={(event) => edit({ mode: modeOf(event.currentTarget.value) })}
          >
            <Options of={modes.map(({ id, label }) => [id, label])} />
          </select>
        </Field>
        <ProviderField form={form} edit={edit} providers={providersOf(form.mode, gateway)} />
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
            <Options of={dialect.models[modality].map((model) => [model, ''])} />
          </datalist>
        </Field>
        {gateway?.mode === 'keys' && (
          <Field id="key" label="Gateway key" hint="Kept by this tab until it is closed.">
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
        {voice && (
          <Segments
            name="turn-taking"
            legend="Turns"
            value={form.turnTaking}
            choices={[
              ['detect', 'Voice detection'],
              ['manual', 'Push to talk'],
            ]}
            onChoose={(turnTaking) => edit({ turnTaking })}
          />
        )}
        <MoreSettings form={form} edit={edit} />
      </fieldset>
      <Button
        icon={busy ? 'end' : voice ? 'microphone' : 'send'}
        look={busy ? 'button-wide' : 'button-primary button-wide'}
        type="submit"
        data-focus-closed
      >
        {busy ? 'End session' : voice ? 'Start talking' : 'Start session'}
      </Button>
    </form>
  );
}

const statusWords: Record<ProviderStatus['status'], readonly [word: string, hint?: string]> = {
  configured: ['configured'],
  rehearsal: ['rehearsal', 'The built-in rehearsal, no model: it answers with your own words.'],
  missing: ['no API key', 'The gateway has no API key for this provider, so it will refuse the session.'],
};

interface EditProps {
  readonly form: SessionForm;
  edit(change: Partial<SessionForm>): void;
}

/** `providers`: those that speak the dialect. */
function ProviderField({ form, edit, providers }: EditProps & { readonly providers: readonly ProviderStatus[] }) {
  const chosen = providers.find(({ name }) => name === form.provider);
  return (
    <Field id="provider" label="Provider" hint={chosen && statusWords[chosen.status][1]}>
      <select
        id="provider"
        value={form.provider}
        aria-describedby="provider-hint"
        onChange={(event) => edit({ provider: event.currentTarget.value })}
      >
        {providers.length === 0 && <option value="">none for this dialect</option>}
        <Options
          of={providers.map(({ name, status }) => [name, `${providerLabel(name)} (${statusWords[status][0]})`])}
        />
      </select>
    </Field>
  );
}

function MoreSettings({ form, edit }: EditProps) {
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
            <Options of={form.mode.dialect.voices.map((voice) => [voice, voice])} />
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
          Offer an example function{' '}
          <span class="muted">
            get_local_time, answered by this page; the rehearsal calls it when you write its name
          </span>
        </span>
      </label>
    </details>
  );
}
