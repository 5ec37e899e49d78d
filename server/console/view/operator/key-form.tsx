// The form of a new key: its name and the limits that most keys have. `POST /keys` takes more.

import { useState } from 'preact/hooks';
import type { Api } from '../../api/ask.ts';
import { type KeyFields, keyBody, lifetimes, noFields } from '../../api/key-fields.ts';
import type { NewSecret } from '../../api/operator.ts';
import { Button } from '../components/button.tsx';
import { Field, Options } from '../components/field.tsx';

interface KeyFormProps {
  readonly api: Api;
  onMade(made: NewSecret): void;
  onLeave(): void;
}

export function KeyForm({ api, onMade, onLeave }: KeyFormProps) {
  const [fields, setFields] = useState(noFields);
  const [trouble, setTrouble] = useState('');
  const make = async () => {
    const answer = await api.ask<NewSecret>('/keys', { method: 'POST', body: keyBody(fields, Date.now()) });
    if (answer.kind === 'ok') onMade(answer.value);
    else setTrouble(answer.message);
  };
  const text = (name: keyof KeyFields, label: string, more: Pick<FieldTextProps, 'hint' | 'inputMode'> = {}) => (
    <FieldText
      name={name}
      label={label}
      value={fields[name]}
      onInput={(value) => setFields({ ...fields, [name]: value })}
      {...more}
    />
  );
  return (
    <form
      class="panel key-form"
      aria-labelledby="key-form-title"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <h3 id="key-form-title">New key</h3>
      <div class="key-fields">
        {text('id', 'Name', { hint: 'Letters, digits, _ - . @ and :' })}
        {text('team', 'Team')}
        {text('endUser', 'End user')}
        {text('models', 'Models', { hint: 'Such as openai/*, gemini/*; all when empty' })}
        {text('maxSessions', 'Sessions at once', { inputMode: 'decimal' })}
        {text('maxSessionSeconds', 'Longest session, s', { inputMode: 'decimal' })}
        {text('maxUsdPerSession', 'Most per session, USD', { inputMode: 'decimal' })}
        <Field id="key-lifetime" label="Expires">
          <select
            id="key-lifetime"
            value={fields.lifetime}
            onChange={(event) => setFields({ ...fields, lifetime: event.currentTarget.value })}
          >
            <Options of={lifetimes} />
          </select>
        </Field>
      </div>
      {trouble !== '' && (
        <p role="alert" class="trouble">
          {trouble}
        </p>
      )}
      <p class="key-buttons">
        <Button icon="key" type="submit" look="button-primary" disabled={fields.id.trim() === ''}>
          Make it
        </Button>
        <Button icon="close" onClick={onLeave}>
          Leave
        </Button>
      </p>
    </form>
  );
}

interface FieldTextProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly hint?: string;
  readonly inputMode?: 'decimal';
  onInput(value: string): void;
}

function FieldText({ name, label, value, hint, inputMode, onInput }: FieldTextProps) {
  const id = `key-${name}`;
  return (
    <Field id={id} label={label} hint={hint}>
      <input
        id={id}
        type="text"
        inputMode={inputMode}
        autocomplete="off"
        aria-describedby={`${id}-hint`}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </Field>
  );
}
