// Icons of the page: one stroke weight, the colour of the text around them, hidden from screen readers.

const paths = {
  microphone: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5 11a7 7 0 0 0 14 0M12 18v3',
  muted:
    'M9 9v3a3 3 0 0 0 4.6 2.5M15 10V6a3 3 0 0 0-5.7-1.3M5 11a7 7 0 0 0 10.5 6M19 11a7 7 0 0 1-.6 2.8M12 18v3M4 4l16 16',
  play: 'M8 5.5v13l10.5-6.5L8 5.5Z',
  stop: 'M7 7h10v10H7z',
  send: 'M4 12h15M13 6l6 6-6 6',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z',
  system: 'M4 5h16v11H4zM9 20h6M12 16v4',
  close: 'M6 6l12 12M18 6 6 18',
  tool: 'M14.5 6.5a4 4 0 0 0 3 5L9 20a2.1 2.1 0 0 1-3-3l8.5-8.5M14.5 6.5 17 4a4 4 0 0 1 3 3l-2.5 2.5',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  download: 'M12 4v11M7 10l5 5 5-5M5 20h14',
  chevron: 'M9 6l6 6-6 6',
  warning: 'M12 4 3 19h18L12 4ZM12 10v4M12 16.5v.5',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 11v5M12 8v.5',
  again: 'M20 12a8 8 0 1 1-2.5-5.8M20 4v4.5h-4.5',
  end: 'M6 6h12v12H6z',
  key: 'M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM11 12l8-8M16 7l3 3M13.5 9.5l2 2',
  edit: 'M4 20l1-4L16 5l3 3L8 19l-4 1Z',
  plus: 'M12 5v14M5 12h14',
  code: 'M8 7l-5 5 5 5M16 7l5 5-5 5M13.5 5l-3 14',
  copy: 'M9 9h10v11H9zM15 9V4H5v11h4',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

/** Two ends and the line between them. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 36 24" aria-hidden="true" focusable="false">
      <circle cx="5" cy="12" r="3.5" />
      <circle cx="31" cy="12" r="3.5" />
      <path d="M8.5 12h4l2-6 4 12 3-9 1.5 3h4" />
    </svg>
  );
}
