// The table of the keys, with what can be done with each.

import { useState } from 'preact/hooks';
import type { Api } from '../../api/ask.ts';
import type { NewSecret, ShownKey } from '../../api/operator.ts';
import { formatMoment } from '../../state/format.ts';
import { ConfirmButton } from '../components/confirm-button.tsx';
import { Icon } from '../components/icon.tsx';
import { Table } from '../components/table.tsx';

interface KeyTableProps {
  readonly api: Api;
  readonly keys: readonly ShownKey[];
  onShow(key: ShownKey): void;
  onSecret(made: NewSecret): void;
  onDone(): void;
}

export function KeyTable({ keys, ...actions }: KeyTableProps) {
  return (
    <Table label="Keys" columns={['Key', 'State', 'Whose', 'Models', 'Expires', '']}>
      {keys.map((key) => (
        <tr key={`${key.source} ${key.id}`}>
          <th scope="row">{key.id}</th>
          <td class="is-name">
            <KeyState shown={key} />
          </td>
          <td class="is-name">
            {key.team} <span class="muted">{key.endUser ?? (key.team === undefined && '–')}</span>
          </td>
          <td class="is-name">{key.models?.join(', ') ?? <span class="muted">all</span>}</td>
          <td class="is-name">
            {key.expiresAt === undefined ? <span class="muted">never</span> : formatMoment(key.expiresAt)}
          </td>
          <td>
            <KeyActions shown={key} {...actions} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

const stateWords: Readonly<Record<ShownKey['state'], readonly [look: string, words: string]>> = {
  active: ['state-open', 'active'],
  expired: ['state-bad', 'expired'],
  revoked: ['state-bad', 'revoked'],
  hidden: ['', 'the configuration has one of this id'],
};

function KeyState({ shown: { state, source, oldSecretUntil } }: { shown: ShownKey }) {
  const [look, words] = stateWords[state];
  return (
    <>
      <span class={`state-word ${look}`}>{words}</span>
      {source === 'file' && <span class="muted"> in the configuration</span>}
      {oldSecretUntil !== undefined && (
        <span class="muted"> the secret before works until {formatMoment(oldSecretUntil)}</span>
      )}
    </>
  );
}

/** Time for which the secret before goes on, so that those who have it can change over. */
const keepOldSeconds = 3600;

type KeyActionsProps = Omit<KeyTableProps, 'keys'> & { readonly shown: ShownKey };

function KeyActions({ api, shown, onShow, onSecret, onDone }: KeyActionsProps) {
  const { id, source, state } = shown;
  const [trouble, setTrouble] = useState('');
  const path = `/keys/${encodeURIComponent(id)}`;
  const about = `of the key ${id}`;
  const isFixed = source === 'file' || state === 'hidden';
  const rotate = async () => {
    const answer = await api.ask<NewSecret>(`${path}/rotate`, { method: 'POST', body: { keepOldSeconds } });
    if (answer.kind === 'ok') onSecret(answer.value);
    else setTrouble(answer.message);
  };
  const order = async (method: 'POST' | 'DELETE', place: string) => {
    const answer = await api.ask(place, { method });
    setTrouble(answer.kind === 'ok' ? '' : answer.message);
    onDone();
  };
  return (
    <span class="with-trouble">
      {trouble !== '' && (
        <span role="alert" class="trouble">
          {trouble}
        </span>
      )}
      <button type="button" class="button button-small" onClick={() => onShow(shown)}>
        <Icon name="edit" /> {isFixed || state === 'revoked' ? 'Show' : 'Change'}{' '}
        <span class="visually-hidden">the key {id}</span>
      </button>
      {!isFixed && state !== 'revoked' && (
        <>
          <ConfirmButton icon="again" label="Rotate" sure="New secret now" about={about} onSure={() => void rotate()} />
          <ConfirmButton
            icon="close"
            label="Revoke"
            sure="End its sessions now"
            about={about}
            onSure={() => void order('POST', `${path}/revoke`)}
          />
        </>
      )}
      {state === 'revoked' && (
        <ConfirmButton
          icon="close"
          label="Delete"
          sure="Free its id now"
          about={about}
          onSure={() => void order('DELETE', path)}
        />
      )}
    </span>
  );
}
