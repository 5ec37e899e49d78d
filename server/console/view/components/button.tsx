// Buttons: an icon and a word.

import type { ButtonHTMLAttributes } from 'preact';
import { Icon, type IconName } from './icon.tsx';

/** `look`: its style besides that of every button, such as `button-primary`. */
export function Button({
  icon,
  look = '',
  children,
  ...attributes
}: ButtonHTMLAttributes & { icon: IconName; look?: string }) {
  return (
    <button type="button" class={`button ${look}`} {...attributes}>
      <Icon name={icon} /> {children}
    </button>
  );
}
