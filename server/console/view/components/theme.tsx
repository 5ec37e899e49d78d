// The choice of colours: light, dark, or the system's; remembered by this browser.

import { useState } from 'preact/hooks';
import { Icon, type IconName } from './icon.tsx';

const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];
const storageKey = 'trunkline.theme';
const themeEvent = 'theme-chosen';
const icons: Record<Theme, IconName> = { system: 'system', light: 'sun', dark: 'moon' };

export function savedTheme(): Theme {
  try {
    const saved = localStorage.getItem(storageKey);
    return themes.find((theme) => theme === saved) ?? 'system';
  } catch {
    return 'system';
  }
}

export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  dispatchEvent(new Event(themeEvent));
}

function saveTheme(theme: Theme): void {
  try {
    localStorage.setItem(storageKey, theme);
  } catch {
    // Storage may be forbidden: then the choice lasts as long as the page.
  }
}

/** Calls `repaint` when the colours or the size of the page change, for what is drawn on a canvas. Returns what ends that. */
export function onLooksChange(repaint: () => void): () => void {
  const listening = new AbortController();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint, listening);
  addEventListener(themeEvent, repaint, listening);
  addEventListener('resize', repaint, listening);
  return () => listening.abort();
}

export function ThemeChoice() {
  const [current, setCurrent] = useState(savedTheme());
  const choose = (theme: Theme) => {
    applyTheme(theme);
    saveTheme(theme);
    setCurrent(theme);
  };
  return (
    <fieldset class="segments segments-small">
      <legend class="visually-hidden">Colours</legend>
      {themes.map((theme) => (
        <label key={theme} class="segment" title={`Colours: ${theme}`}>
          <input type="radio" name="theme" value={theme} checked={theme === current} onChange={() => choose(theme)} />
          <span>
            <Icon name={icons[theme]} />
            <span class="visually-hidden">{theme}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
