// A view that reads from top to bottom: its title, what can be chosen, and what the gateway answered or why it did not.

import type { ComponentChildren } from 'preact';
import type { ApiAnswer } from '../../api/ask.ts';
import { Button } from './button.tsx';

interface SheetProps {
  readonly name: string;
  readonly title: string;
  readonly words: ComponentChildren;
  readonly isAsking?: boolean | undefined;
  /** Choices and buttons beside the title. */
  readonly bar?: ComponentChildren;
  /** Asks the gateway again. A bar may have a button of its own for that. */
  onRefresh?(): void;
  readonly children: ComponentChildren;
}

export function Sheet({ name, title, words, isAsking = false, bar, onRefresh, children }: SheetProps) {
  return (
    <main class="sheet" data-sheet={name} aria-busy={isAsking}>
      <div class="sheet-bar">
        <div class="sheet-words">
          <h2>{title}</h2>
          <p class="muted">{words}</p>
        </div>
        {bar}
        {onRefresh && (
          <Button icon="again" onClick={onRefresh}>
            Refresh
          </Button>
        )}
      </div>
      {children}
    </main>
  );
}

/** A box that says why there is nothing to see. */
export function Nothing({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="panel sheet-nothing" role="status">
      <p class="welcome-title">{title}</p>
      <p class="muted">{children}</p>
    </div>
  );
}

/** The reason why an answer has no value; nothing where it has one, or is on its way. */
export function Trouble({ answer }: { answer: ApiAnswer<unknown> | undefined }) {
  if (answer === undefined || answer.kind === 'ok') return null;
  const title = { refused: 'The credential was not accepted', absent: 'Not here', failed: 'This could not be read' };
  return <Nothing title={title[answer.kind]}>The gateway says: {answer.message}.</Nothing>;
}
