// A new secret, shown this once: the gateway keeps only its digest.

import { useRef, useState } from 'preact/hooks';
import type { NewSecret } from '../../api/operator.ts';
import { Button } from '../components/button.tsx';

export function SecretPanel({ made: { id, secret }, onDone }: { made: NewSecret; onDone(): void }) {
  const field = useRef<HTMLInputElement>(null);
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(secret);
      setCopied(true);
    } catch {
      // Browsers allow it on https: and on localhost only; the text is selected, so that a key press copies it.
      setCopied(false);
    }
  };
  return (
    <section class="panel secret-panel" aria-labelledby="secret-title">
      <h3 id="secret-title">The secret of {id}</h3>
      <p class="muted">Copy it now: it is not shown again, and nobody can read it from the store.</p>
      <div class="secret-line">
        <input
          ref={field}
          type="text"
          readOnly
          class="secret-text"
          aria-label={`Secret of ${id}`}
          value={secret}
          onFocus={(event) => event.currentTarget.select()}
        />
        <Button icon="copy" look="button-primary" onClick={() => void copy()}>
          {isCopied ? 'Copied' : 'Copy'}
        </Button>
        <Button icon="close" onClick={onDone}>
          I have it
        </Button>
      </div>
    </section>
  );
}
