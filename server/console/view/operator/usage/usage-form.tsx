// Choices of the view of usage: the time, what it is grouped by, and which rows alone.

import { useState } from 'preact/hooks';
import {
  nameOrNone,
  type UsageChoice,
  type UsageField,
  usageFields,
  usageWindows,
} from '../../../state/ledger/usage.ts';
import { Button } from '../../components/button.tsx';
import { Field, Options, Segments } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';

interface BarProps {
  readonly choice: UsageChoice;
  change(part: Partial<UsageChoice>): void;
}

const fieldChoices = usageFields.map((field) => [field, field] as const);

export function UsageForm({ choice: { window, by, where }, change }: BarProps) {
  return (
    <div class="usage-bar">
      <div class="filters">
        <Segments
          name="window"
          legend="Time"
          value={window}
          choices={usageWindows.map((name) => [name, name])}
          onChoose={(name) => change({ window: name })}
        />
        <Segments
          name="by"
          legend="Grouped by"
          value={by}
          choices={fieldChoices}
          onChoose={(field) => change({ by: field })}
        />
        <FilterForm onChoose={(field, value) => change({ where: { ...where, [field]: value } })} />
        <Button icon="again" onClick={() => change({})}>
          Refresh
        </Button>
      </div>
      <Chosen where={where} change={change} />
    </div>
  );
}

function FilterForm({ onChoose }: { onChoose(field: UsageField, value: string): void }) {
  const [field, setField] = useState<UsageField>('class');
  const [value, setValue] = useState('');
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        if (value.trim() !== '') onChoose(field, value.trim());
        setValue('');
      }}
    >
      <Field id="usage-field" label="Only rows whose">
        <select id="usage-field" value={field} onChange={(event) => setField(event.currentTarget.value as UsageField)}>
          <Options of={fieldChoices} />
        </select>
      </Field>
      <Field id="usage-value" label="is">
        <input
          id="usage-value"
          type="search"
          placeholder="its name"
          value={value}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
      </Field>
      <Button icon="plus" type="submit" disabled={value.trim() === ''}>
        Filter
      </Button>
    </form>
  );
}

function Chosen({ where, change }: Pick<UsageChoice, 'where'> & Pick<BarProps, 'change'>) {
  const chosen = usageFields.filter((field) => where[field] !== undefined);
  if (chosen.length === 0) return null;
  const without = (field: UsageField) => Object.fromEntries(Object.entries(where).filter(([name]) => name !== field));
  return (
    <ul class="usage-chosen" aria-label="Filters">
      {chosen.map((field) => (
        <li key={field}>
          <button type="button" class="button button-small" onClick={() => change({ where: without(field) })}>
            <span class="muted">{field}</span> {nameOrNone(field, where[field] ?? '')} <Icon name="close" />
            <span class="visually-hidden">: take the filter away</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
