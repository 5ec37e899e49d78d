// A button for what cannot be taken back: it asks once more, and forgets that after a while.

import { useEffect, useState } from 'preact/hooks';
import type { IconName } from './icon.tsx';
import { Icon } from './icon.tsx';

interface ConfirmButtonProps {
  readonly icon: IconName;
  readonly label: string;
  /** The label of the second press. */
  readonly sure: string;
  /** Names what it is about, for screen readers. */
  readonly about: string;
  onSure(): void;
}

const askedMs = 6000;

export function ConfirmButton({ icon, label, sure, about, onSure }: ConfirmButtonProps) {
  const [isAsked, setAsked] = useState(false);
  useEffect(() => {
    if (!isAsked) return;
    const timer = setTimeout(() => setAsked(false), askedMs);
    return () => clearTimeout(timer);
  }, [isAsked]);
  const press = () => {
    setAsked(!isAsked);
    if (isAsked) onSure();
  };
  return (
    <button type="button" class={`button button-small ${isAsked ? 'button-danger' : ''}`} onClick={press}>
      <Icon name={icon} /> {isAsked ? sure : label} <span class="visually-hidden">{about}</span>
    </button>
  );
}
