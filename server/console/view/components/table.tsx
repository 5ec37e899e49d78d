// A table in a panel: it scrolls by itself where the page is narrow.

import type { ComponentChildren } from 'preact';

interface TableProps {
  /** Names it for screen readers. */
  readonly label: string;
  readonly title?: string;
  /** Words beside the title. */
  readonly aside?: string;
  /** Headings; '' for that of buttons. */
  readonly columns: readonly (string | Figure)[];
  /** Rows. */
  readonly children: ComponentChildren;
}

/** A column of figures, which end at the same place. All else is text, in cells of the class `is-name`. */
interface Figure {
  readonly figure: string;
}

export function Table({ label, title, aside, columns, children }: TableProps) {
  return (
    <div class="panel table-panel">
      {title !== undefined && (
        <div class="panel-head">
          <h3>{title}</h3>
          {aside !== undefined && <p class="muted">{aside}</p>}
        </div>
      )}
      <section
        class="table-scroll"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
        tabIndex={0}
      >
        <table class="rows">
          <thead>
            <tr>{columns.map(headingOf)}</tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </section>
    </div>
  );
}

function headingOf(column: string | Figure) {
  if (column === '') return <td key="" />;
  const name = typeof column === 'string' ? column : column.figure;
  return (
    <th key={name} scope="col" class={typeof column === 'string' ? 'is-name' : ''}>
      {name}
    </th>
  );
}
