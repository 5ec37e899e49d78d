// Asks for the token of the admin listener. This tab keeps it; it goes nowhere but to the listener.

import { useState } from 'preact/hooks';
import { Button } from '../components/button.tsx';
import { Field } from '../components/field.tsx';

export function TokenForm({ isWrong, onToken }: { isWrong: boolean; onToken(token: string): void }) {
  const [token, setToken] = useState('');
  return (
    <main class="sheet" data-sheet="token">
      <form
        class="panel token-form"
        onSubmit={(event) => {
          event.preventDefault();
          onToken(token.trim());
        }}
      >
        <h2>This listener asks for its token</h2>
        <p class="muted">It is the value of admin.token in the configuration. This tab keeps it until it is closed.</p>
        <Field
          id="token"
          label="Token"
          trouble={isWrong ? 'It was not accepted: expected the value of admin.token.' : undefined}
        >
          <input
            id="token"
            type="password"
            autocomplete="current-password"
            aria-invalid={isWrong}
            aria-describedby="token-hint"
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </Field>
        <Button icon="send" type="submit" look="button-primary" disabled={token.trim() === ''}>
          Open
        </Button>
      </form>
    </main>
  );
}
