// Shows problems and hints until they are dismissed.

import type { ConsoleController } from '../session/controller.ts';
import { Icon } from './components/icon.tsx';

export function Notices({ controller }: { controller: ConsoleController }) {
  return (
    <div class="notices" role="alert">
      {controller.state.notices.map(({ id, tone, title, detail }) => (
        <div key={id} class={`notice notice-${tone}`}>
          <Icon name={tone === 'info' ? 'info' : 'warning'} />
          <p>
            <strong>{title}</strong> <span>{detail}</span>
          </p>
          <button
            type="button"
            class="button-quiet"
            aria-label={`Dismiss: ${title}`}
            onClick={() => controller.dismiss(id)}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
