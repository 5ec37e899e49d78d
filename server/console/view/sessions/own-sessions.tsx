// The sessions of the key that the page has, or those without a key in open mode. The store knows them, so they outlive the page.

import type { Api } from '../../api/ask.ts';
import type { ConsoleController } from '../../session/controller.ts';
import { isBusy } from '../../state/state.ts';
import { Field } from '../components/field.tsx';
import { Nothing, Sheet } from '../components/sheet.tsx';
import { SessionPage } from './session-page.tsx';
import { SessionsPage } from './sessions-page.tsx';

interface OwnSessionsProps {
  readonly controller: ConsoleController;
  readonly api: Api;
  /** The one that is shown. */
  readonly of: string | undefined;
}

export function OwnSessions({ controller, api, of }: OwnSessionsProps) {
  const { gateway, form, phase } = controller.state;
  if (gateway === undefined) return null;
  if (gateway.mode === 'keys' && form.key === '') return <KeyWanted controller={controller} />;
  if (of !== undefined) return <SessionPage key={of} api={api} id={of} />;
  const words =
    gateway.mode === 'keys'
      ? 'Those of this key, as the store knows them.'
      : 'Those without a key, as the store knows them.';
  return <SessionsPage key={isBusy(phase) ? 'live' : 'over'} api={api} words={words} />;
}

function KeyWanted({ controller }: { controller: ConsoleController }) {
  return (
    <Sheet name="sessions" title="Sessions" words="Those of a key, as the store knows them.">
      <Nothing title="This gateway asks for a key">
        Its sessions are shown as soon as it is here. This tab keeps it until it is closed.
      </Nothing>
      <Field id="sessions-key" label="Gateway key">
        <input
          id="sessions-key"
          type="password"
          autocomplete="off"
          onChange={(event) => controller.edit({ key: event.currentTarget.value })}
        />
      </Field>
    </Sheet>
  );
}
