// The form of a key: a new one, or one that is there. It only shows one that cannot be changed here, and says why.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Api, ApiProblem } from '../../api/ask.ts';
import { fieldNamed, keyBody, keyChange, textsOfKey } from '../../api/key-fields.ts';
import type { NewSecret, ShownKey } from '../../api/operator.ts';
import { Button } from '../components/button.tsx';
import { Icon } from '../components/icon.tsx';
import { KeyInputs } from './key-inputs.tsx';

interface KeyFormProps {
  readonly api: Api;
  /** `{}` for a new one. */
  readonly shown: Partial<ShownKey>;
  onMade(made: NewSecret): void;
  onChanged(): void;
  onLeave(): void;
}

export function KeyForm({ api, shown, onMade, onChanged, onLeave }: KeyFormProps) {
  const { id } = shown;
  const [before] = useState(() => textsOfKey(shown));
  const [texts, setTexts] = useState(before);
  const [problem, setProblem] = useState<ApiProblem>();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => dialog.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(), [problem]);
  const body = id === undefined ? keyBody(texts) : keyChange(before, texts);
  const send = async () => {
    const request = { method: id === undefined ? 'POST' : 'PATCH', body } as const;
    const answer = await api.ask<NewSecret>(`/keys${id === undefined ? '' : `/${encodeURIComponent(id)}`}`, request);
    if (answer.kind !== 'ok') return setProblem(answer);
    // Closing it gives the focus back.
    dialog.current?.close();
    if (id === undefined) onMade(answer.value);
    else onChanged();
  };
  const fixed = whyFixed(shown);
  const place = problem?.field && fieldNamed(problem.field, texts);
  return (
    <dialog ref={dialog} class="panel key-dialog" aria-labelledby="key-form-title" onClose={onLeave}>
      <form
        class="key-form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <h3 id="key-form-title">{id === undefined ? 'New key' : `The key ${id}`}</h3>
        {fixed !== undefined && (
          <p class="muted">
            <Icon name="info" /> {fixed}
          </p>
        )}
        <fieldset class="key-inputs" disabled={fixed !== undefined}>
          <KeyInputs
            texts={texts}
            isNew={id === undefined}
            onChange={setTexts}
            troubleAt={(path) => (path === place ? problem?.message : undefined)}
          />
        </fieldset>
        {problem !== undefined && !place && (
          <p role="alert" class="trouble">
            {problem.field && `${problem.field}: `}
            {problem.message}
          </p>
        )}
        <p class="key-buttons">
          {fixed === undefined && (
            <Button icon="key" type="submit" look="button-primary" disabled={Object.keys(body).length === 0}>
              {id === undefined ? 'Make it' : 'Change it'}
            </Button>
          )}
          <Button icon="close" onClick={() => dialog.current?.close()}>
            {fixed === undefined ? 'Leave' : 'Close'}
          </Button>
        </p>
      </form>
    </dialog>
  );
}

/** Says why a key cannot be changed here; undefined where it can. */
function whyFixed({ source, state }: KeyFormProps['shown']): string | undefined {
  if (source === 'file') return 'This key is one of the configuration: change it there, then reload the gateway.';
  if (state === 'revoked') return 'This key was revoked: make a new one in its place.';
  if (state !== 'hidden') return undefined;
  return 'The configuration has a key of this id, which counts. This one can be changed when that one is gone.';
}
