// The inputs of a key, in groups, and those of its budgets.

import {
  budgetFields,
  type FieldTexts,
  type KeyField,
  type KeyTexts,
  keyGroups,
  newBudget,
  timeIn,
} from '../../api/key-fields.ts';
import { Button } from '../components/button.tsx';
import { Field, Options } from '../components/field.tsx';
import { Icon } from '../components/icon.tsx';

interface KeyInputsProps {
  readonly texts: KeyTexts;
  readonly isNew: boolean;
  onChange(texts: KeyTexts): void;
  /** Says what the gateway found wrong with a field. */
  troubleAt(path: string): string | undefined;
}

export function KeyInputs({ texts, isNew, onChange, troubleAt }: KeyInputsProps) {
  const groups = keyGroups.map(({ title, isRare, fields }) => {
    const inputs = (
      <div class="key-fields">
        {fields
          .filter(({ path }) => isNew || path !== 'id')
          .map((field) => (
            <KeyInput
              key={field.path}
              field={field}
              at={field.path}
              texts={texts.fields}
              onChange={(fields) => onChange({ ...texts, fields })}
              trouble={troubleAt(field.path)}
            />
          ))}
      </div>
    );
    const isOpen = fields.some(({ path }) => texts.fields[path] !== '' || troubleAt(path) !== undefined);
    return isRare ? (
      <details key={title} class="more" open={isOpen}>
        <summary>
          <Icon name="chevron" /> {title}
        </summary>
        {inputs}
      </details>
    ) : (
      <fieldset key={title} class="key-group">
        <legend>{title}</legend>
        {inputs}
      </fieldset>
    );
  });
  return (
    <>
      {groups}
      <Budgets texts={texts} onChange={onChange} troubleAt={troubleAt} />
    </>
  );
}

function Budgets({ texts, onChange, troubleAt }: Omit<KeyInputsProps, 'isNew'>) {
  const { budgets } = texts;
  const put = (next: readonly FieldTexts[]) => onChange({ ...texts, budgets: next });
  return (
    <fieldset class="key-group">
      <legend>Budgets of its own</legend>
      {budgets.map((budget, number) => {
        const at = `budgets[${number}]`;
        return (
          <div key={at} class="key-fields key-budget">
            {budgetFields.map((field) => (
              <KeyInput
                key={field.path}
                field={field}
                at={`${at}.${field.path}`}
                texts={budget}
                onChange={(changed) => put(budgets.with(number, changed))}
                trouble={troubleAt(`${at}.${field.path}`)}
              />
            ))}
            <Button icon="close" look="button-small" onClick={() => put(budgets.toSpliced(number, 1))}>
              Remove <span class="visually-hidden">budget {number + 1}</span>
            </Button>
          </div>
        );
      })}
      <Button icon="plus" look="button-small" onClick={() => put([...budgets, newBudget])}>
        Add a budget
      </Button>
    </fieldset>
  );
}

interface KeyInputProps {
  readonly field: KeyField;
  /** Path in the body of the key. */
  readonly at: string;
  readonly texts: FieldTexts;
  readonly trouble: string | undefined;
  onChange(texts: FieldTexts): void;
}

function KeyInput({ field: { path, label, hint, form }, at, texts, trouble, onChange }: KeyInputProps) {
  const id = `key-${at}`;
  const put = (text: string) => onChange({ ...texts, [path]: text });
  const control = {
    id,
    value: texts[path] ?? '',
    'aria-invalid': trouble !== undefined,
    'aria-describedby': `${id}-hint`,
    onInput: (event: { readonly currentTarget: { readonly value: string } }) => put(event.currentTarget.value),
  };
  return (
    <Field id={id} label={label} hint={hint} trouble={trouble}>
      {typeof form === 'object' && (
        <select {...control}>
          <Options of={form} />
        </select>
      )}
      {form === 'tags' && <textarea rows={2} {...control} />}
      {form === 'time' && (
        <>
          <input type="datetime-local" {...control} />
          <span class="key-lifetimes">
            {lifetimes.map(([days, words]) => (
              <button key={words} type="button" class="button-quiet" onClick={() => put(timeIn(days, Date.now()))}>
                {words}
              </button>
            ))}
          </span>
        </>
      )}
      {typeof form !== 'object' && form !== 'tags' && form !== 'time' && (
        <input type="text" inputMode={form === 'number' ? 'decimal' : undefined} autocomplete="off" {...control} />
      )}
    </Field>
  );
}

const lifetimes = [
  [1, 'a day'],
  [30, '30 days'],
  [90, '90 days'],
  [365, 'a year'],
] as const;
