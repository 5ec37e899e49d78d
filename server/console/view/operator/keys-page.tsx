// The keys: those of the configuration, and those made here, which can be changed, rotated, revoked and deleted; and what was ordered lately.

import { useState } from 'preact/hooks';
import type { Api } from '../../api/ask.ts';
import type { AuditLog, KeyList, NewSecret, ShownKey } from '../../api/operator.ts';
import { formatMoment } from '../../state/format.ts';
import { Button } from '../components/button.tsx';
import { Field } from '../components/field.tsx';
import { Nothing, Sheet, Trouble } from '../components/sheet.tsx';
import { Table } from '../components/table.tsx';
import { useAnswer } from '../components/use-answer.ts';
import { KeyForm } from './key-form.tsx';
import { KeyTable } from './key-table.tsx';
import { SecretPanel } from './secret-panel.tsx';

const mostKeys = 1000;
const auditLength = 20;
/** So many are read at a glance. */
const fewKeys = 12;

export function KeysPage({ api }: { api: Api }) {
  const keys = useAnswer<KeyList>(api, `/keys?limit=${mostKeys}`);
  const audit = useAnswer<AuditLog>(api, `/audit?limit=${auditLength}`);
  const [shown, setShown] = useState<Partial<ShownKey>>();
  const [made, setMade] = useState<NewSecret>();
  const [find, setFind] = useState('');
  const again = () => {
    keys.reload();
    audit.reload();
  };
  const show = (secret: NewSecret) => {
    setMade(secret);
    again();
  };
  const all = keys.value?.keys ?? [];
  const wanted = find.trim().toLowerCase();
  const found = all.filter(({ id, team, endUser }) => [id, team, endUser].join(' ').toLowerCase().includes(wanted));
  const bar = (
    <>
      {all.length > fewKeys && (
        <Field id="key-find" label="Find">
          <input
            id="key-find"
            type="search"
            placeholder="key, team, end user"
            value={find}
            onInput={(event) => setFind(event.currentTarget.value)}
          />
        </Field>
      )}
      <Button icon="key" look="button-primary" onClick={() => setShown({})}>
        New key
      </Button>
    </>
  );
  return (
    <Sheet
      name="keys"
      title="Keys"
      words="A change is in force on this machine at once, on others within seconds. Rotating leaves the secret before in force for an hour; revoking ends live sessions."
      isAsking={keys.isAsking}
      bar={bar}
      onRefresh={again}
    >
      {made !== undefined && <SecretPanel key={made.secret} made={made} onDone={() => setMade(undefined)} />}
      {shown !== undefined && (
        <KeyForm api={api} shown={shown} onMade={show} onChanged={again} onLeave={() => setShown(undefined)} />
      )}
      <Trouble answer={keys.answer} />
      {keys.value !== undefined && all.length === 0 && (
        <Nothing title="There are no keys">
          Without keys in the configuration everybody is let in: set access: keys, then make one here.
        </Nothing>
      )}
      {found.length === 0 && all.length > 0 && <Nothing title="No key fits">Nothing in it is like {find}.</Nothing>}
      {found.length > 0 && <KeyTable api={api} keys={found} onShow={setShown} onSecret={show} onDone={again} />}
      {keys.value?.next && <p class="muted">The first {mostKeys} are shown; `trunkline keys list` has all.</p>}
      {audit.value !== undefined && audit.value.entries.length > 0 && <Orders log={audit.value} />}
    </Sheet>
  );
}

function Orders({ log: { entries } }: { log: AuditLog }) {
  return (
    <Table
      label="Audit log"
      title="What was ordered"
      aside={`the newest ${auditLength} entries of the audit log`}
      columns={['When', 'What', 'Of what', 'By whom', 'From']}
    >
      {entries.map(({ id, at, action, subject, actor, source, details = {} }) => (
        <tr key={id}>
          <th scope="row">{formatMoment(at)}</th>
          <td class="is-name">
            {action} <span class="muted">{detailWords(details)}</span>
          </td>
          <td class="is-name">{subject}</td>
          <td class="is-name">{actor}</td>
          <td class="is-name">{source ?? <span class="muted">–</span>}</td>
        </tr>
      ))}
    </Table>
  );
}

const detailWords = (details: Readonly<Record<string, string>>): string =>
  Object.entries(details)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
