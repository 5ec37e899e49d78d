// Notices of catalogues of LLM gateways that could not be read: why, and what is served meanwhile.

import type { Api } from '../../../api/ask.ts';
import type { ReadyState } from '../../../api/operator.ts';
import { catalogueFailure } from '../../../state/notices.ts';
import { Icon } from '../../components/icon.tsx';
import { useAnswer } from '../../components/use-answer.ts';

const everyMs = 10_000;

export function CatalogueNotices({ api }: { api: Api }) {
  const { value } = useAnswer<ReadyState>(api, '/readyz?verbose', everyMs);
  const notices = (value?.catalogues ?? []).flatMap((catalogue) => catalogueFailure(catalogue) ?? []);
  return (
    <div class="catalogue-notices" role="status">
      {notices.map(({ tone, title, detail }) => (
        <div key={title} class={`notice notice-${tone}`}>
          <Icon name="warning" />
          <p>
            <strong>{title}</strong> <span>{detail}</span>
          </p>
        </div>
      ))}
    </div>
  );
}
