// The keys: those of the configuration, and those made here, which can be rotated, revoked and deleted; and what was ordered lately.

import { useState } from 'preact/hooks';
import type { Api } from '../../api/ask.ts';
import type { AuditLog, KeyList, NewSecret, ShownKey } from '../../api/operator.ts';
import { formatMoment } from '../../state/format.ts';
import { Button } from '../components/button.tsx';
import { ConfirmButton } from '../components/confirm-button.tsx';
import { Nothing, Sheet, Table, Trouble } from '../components/sheet.tsx';
import { useAnswer } from '../components/use-answer.ts';
import { KeyForm } from './key-form.tsx';
import { SecretPanel } from './secret-panel.tsx';

const mostKeys = 1000;
const auditLength = 20;

export function KeysPage({ api }: { api: Api }) {
  const keys = useAnswer<KeyList>(api, `/keys?limit=${mostKeys}`);
  const audit = useAnswer<AuditLog>(api, `/audit?limit=${auditLength}`);
  const [isMaking, setMaking] = useState(false);
  const [made, setMade] = useState<NewSecret>();
  const again = () => {
    keys.reload();
    audit.reload();
  };
  const show = (secret: NewSecret | undefined) => {
    setMade(secret);
    setMaking(false);
    again();
  };
  const bar = (
    <>
      <Button icon="key" look="button-primary" disabled={isMaking} onClick={() => setMaking(true)}>
        New key
      </Button>
      <Button icon="again" onClick={again}>
        Refresh
      </Button>
    </>
  );
  const shown = keys.value?.keys ?? [];
  return (
    <Sheet
      name="keys"
      title="Keys"
      words="A change is in force on this machine at once, on others within seconds. Rotating leaves the secret before in force for an hour; revoking ends live sessions."
      isAsking={keys.isAsking}
      bar={bar}
    >
      {made !== undefined && <SecretPanel made={made} onDone={() => setMade(undefined)} />}
      {isMaking && <KeyForm api={api} onMade={show} onLeave={() => setMaking(false)} />}
      <Trouble answer={keys.answer} />
      {keys.value !== undefined && shown.length === 0 && (
        <Nothing title="There are no keys">
          Without keys in the configuration everybody is let in: set access: keys, then make one here.
        </Nothing>
      )}
      {shown.length > 0 && <KeyTable api={api} keys={shown} onSecret={show} onDone={again} />}
      {keys.value?.next && <p class="muted">The first {mostKeys} are shown; `trunkline keys list` has all.</p>}
      {audit.value !== undefined && audit.value.entries.length > 0 && <Orders log={audit.value} />}
    </Sheet>
  );
}

interface KeyTableProps {
  readonly api: Api;
  readonly keys: readonly ShownKey[];
  onSecret(made: NewSecret): void;
  onDone(): void;
}

function KeyTable({ keys, ...actions }: KeyTableProps) {
  return (
    <div class="panel table-panel">
      <Table label="Keys">
        <thead>
          <tr>
            {['Key', 'State', 'Team', 'Models', 'Expires'].map((name) => (
              <th key={name} scope="col" class="is-name">
                {name}
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={`${key.source} ${key.id}`}>
              <th scope="row">{key.id}</th>
              <td class="is-name">
                <KeyState shown={key} />
              </td>
              <td class="is-name">{key.team ?? <span class="muted">–</span>}</td>
              <td class="is-name">{key.models?.join(', ') ?? <span class="muted">all</span>}</td>
              <td class="is-name">
                {key.expiresAt === undefined ? <span class="muted">never</span> : formatMoment(key.expiresAt)}
              </td>
              <td>
                {key.source === 'file' ? (
                  <span class="muted">in the configuration</span>
                ) : (
                  <KeyActions shown={key} {...actions} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}

const stateWords: Readonly<Record<ShownKey['state'], readonly [look: string, words: string]>> = {
  active: ['state-open', 'active'],
  expired: ['state-bad', 'expired'],
  revoked: ['state-bad', 'revoked'],
  hidden: ['', 'the configuration has one of this id'],
};

function KeyState({ shown: { state, oldSecretUntil } }: { shown: ShownKey }) {
  const [look, words] = stateWords[state];
  return (
    <>
      <span class={`state-word ${look}`}>{words}</span>
      {oldSecretUntil !== undefined && (
        <span class="muted"> the secret before works until {formatMoment(oldSecretUntil)}</span>
      )}
    </>
  );
}

/** Time for which the secret before goes on, so that those who have it can change over. */
const keepOldSeconds = 3600;

type KeyActionsProps = Omit<KeyTableProps, 'keys'> & { readonly shown: ShownKey };

function KeyActions({ api, shown: { id, state }, onSecret, onDone }: KeyActionsProps) {
  const [trouble, setTrouble] = useState('');
  const path = `/keys/${encodeURIComponent(id)}`;
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
      {state !== 'revoked' && (
        <>
          <ConfirmButton
            icon="again"
            label="Rotate"
            sure="New secret now"
            about={`of the key ${id}`}
            onSure={() => void rotate()}
          />
          <ConfirmButton
            icon="close"
            label="Revoke"
            sure="End its sessions now"
            about={`of the key ${id}`}
            onSure={() => void order('POST', `${path}/revoke`)}
          />
        </>
      )}
      {state === 'revoked' && (
        <ConfirmButton
          icon="close"
          label="Delete"
          sure="Free its id now"
          about={`of the key ${id}`}
          onSure={() => void order('DELETE', path)}
        />
      )}
    </span>
  );
}

function Orders({ log: { entries } }: { log: AuditLog }) {
  return (
    <div class="panel table-panel">
      <div class="panel-head">
        <h3>What was ordered</h3>
        <p class="muted">the newest {auditLength} entries of the audit log</p>
      </div>
      <Table label="Audit log">
        <thead>
          <tr>
            {['When', 'What', 'Of what', 'By whom', 'From'].map((name) => (
              <th key={name} scope="col" class="is-name">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {entries.map(({ id, at, action, subject, actor, source }) => (
            <tr key={id}>
              <th scope="row">{formatMoment(at)}</th>
              <td class="is-name">{action}</td>
              <td class="is-name">{subject}</td>
              <td class="is-name">{actor}</td>
              <td class="is-name">{source ?? <span class="muted">–</span>}</td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}
