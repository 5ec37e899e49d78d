// Form parts: every control with its label, and a hint that belongs to it.

import type { ComponentChildren } from 'preact';

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly hint?: string | undefined;
  /** A sentence about what is wrong with the value, in the place of the hint. */
  readonly trouble?: string | undefined;
  readonly children: ComponentChildren;
}

/** A control with its label. The hint has the id `<id>-hint`, for `aria-describedby` of the control. */
export function Field({ id, label, hint, trouble, children }: FieldProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      <p
        id={`${id}-hint`}
        class={trouble === undefined ? 'hint' : 'hint trouble'}
        role={trouble === undefined ? undefined : 'alert'}
      >
        {trouble ?? hint}
      </p>
    </div>
  );
}

type Choices<T extends string> = readonly (readonly [value: T, label: string])[];

/** The options of a select. */
export function Options({ of: choices }: { of: Choices<string> }) {
  return choices.map(([value, label]) => (
    <option key={value} value={value}>
      {label}
    </option>
  ));
}

interface SegmentsProps<T extends string> {
  readonly name: string;
  readonly legend: string;
  readonly value: T;
  readonly choices: Choices<T>;
  onChoose(value: T): void;
}

/** A few choices next to each other, as radio buttons. */
export function Segments<T extends string>({ name, legend, value, choices, onChoose }: SegmentsProps<T>) {
  return (
    <fieldset class="field segments-field">
      <legend>{legend}</legend>
      <div class="segments">
        {choices.map(([choice, label]) => (
          <label key={choice} class="segment">
            <input
              type="radio"
              name={name}
              value={choice}
              checked={choice === value}
              onChange={() => onChoose(choice)}
            />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
