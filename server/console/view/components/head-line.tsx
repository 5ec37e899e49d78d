// The top line of both pages: the name, the views, what each has besides, and the choice of colours.

import type { ComponentChildren } from 'preact';
import { Logo } from './icon.tsx';
import { ThemeChoice } from './theme.tsx';

interface HeadLineProps {
  /** The word beside the name. */
  readonly part: string;
  readonly views: readonly { readonly id: string; readonly label: string }[];
  /** The one that is shown. */
  readonly view: string;
  readonly children: ComponentChildren;
}

export function HeadLine({ part, views, view, children }: HeadLineProps) {
  return (
    <header class="header">
      <h1 class="brand">
        <Logo />
        <span>Trunkline</span>
        <span class="brand-part">{part}</span>
      </h1>
      {views.length > 0 && (
        <nav class="views" aria-label="Views">
          {views.map(({ id, label }) => (
            <a key={id} href={`#${id}`} aria-current={view === id ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
      )}
      {children}
      <ThemeChoice />
    </header>
  );
}
