// The dialog that shows how an app reaches this gateway with the settings of the form, as code to copy.

import { useEffect, useRef, useState } from 'preact/hooks';
import { appsOf, connectApp, MASKED_KEY } from '../../dialects/connect/connect.ts';
import type { ConsoleController } from '../../session/controller.ts';
import { Button } from '../components/button.tsx';
import { Field, Options } from '../components/field.tsx';
import { Icon } from '../components/icon.tsx';

export function ConnectButton({ controller }: { controller: ConsoleController }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button icon="code" look="button-small" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        Connect your app
      </Button>
      {isOpen && <ConnectDialog controller={controller} onLeave={() => setOpen(false)} />}
    </>
  );
}

function ConnectDialog({ controller, onLeave }: { controller: ConsoleController; onLeave(): void }) {
  const { form, gateway } = controller.state;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const apps = appsOf(form.mode.dialect);
  const [chosen, setChosen] = useState('');
  const [callClass, setCallClass] = useState('');
  const [isKeyShown, setKeyShown] = useState(false);
  const app = apps.find(({ id }) => id === chosen) ?? apps[0];
  if (app === undefined) return null;
  const place = { origin: location.origin, tls: gateway?.tls };
  const key = isKeyShown ? form.key : '';
  const { program, start, hints } = connectApp(app, place, {
    model: form.model.trim(),
    key,
    callClass: callClass.trim(),
  });
  return (
    <dialog ref={dialog} class="panel connect-dialog" aria-labelledby="connect-title" onClose={onLeave}>
      <div class="panel-head">
        <h2 id="connect-title">Connect your app</h2>
        <Button icon="close" look="button-small" onClick={() => dialog.current?.close()}>
          Close
        </Button>
      </div>
      <p class="muted">
        {form.mode.label}, {form.model.trim() || 'no model'}, at {place.origin}: as the form says.
      </p>
      <div class="connect-choices">
        <Field id="connect-app" label="SDK">
          <select id="connect-app" value={app.id} onChange={(event) => setChosen(event.currentTarget.value)}>
            <Options of={apps.map(({ id, label }) => [id, label])} />
          </select>
        </Field>
        {form.mode.dialect.name === 'openai-responses' && (
          <Field id="connect-class" label="Class" hint="Left empty, the gateway chooses it by key and model.">
            <input
              id="connect-class"
              autocomplete="off"
              spellcheck={false}
              value={callClass}
              aria-describedby="connect-class-hint"
              onInput={(event) => setCallClass(event.currentTarget.value)}
            />
          </Field>
        )}
      </div>
      {form.key !== '' && (
        <label class="check">
          <input type="checkbox" checked={isKeyShown} onChange={(event) => setKeyShown(event.currentTarget.checked)} />
          <span>
            Put the key into the code <span class="muted">else it has {MASKED_KEY} in its place</span>
          </span>
        </label>
      )}
      {start !== '' && <Code title="In a terminal" text={start} />}
      <Code title="The program" text={program} />
      {hints.map((hint) => (
        <p key={hint} class="hint">
          <Icon name="info" /> {hint}
        </p>
      ))}
    </dialog>
  );
}

function Code({ title, text }: { title: string; text: string }) {
  const code = useRef<HTMLPreElement>(null);
  const [copied, setCopied] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(text);
    } catch {
      // Browsers allow it on https: and on localhost only; the text is selected, so that a key press copies it.
      if (code.current !== null) getSelection()?.selectAllChildren(code.current);
    }
  };
  return (
    <section aria-label={title}>
      <div class="panel-head">
        <h3>{title}</h3>
        <Button icon="copy" look="button-small" aria-label={`Copy: ${title}`} onClick={() => void copy()}>
          <span aria-live="polite">{copied === text ? 'Copied' : 'Copy'}</span>
        </Button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard */}
      <pre ref={code} class="connect-code" tabIndex={0}>
        {text}
      </pre>
    </section>
  );
}
