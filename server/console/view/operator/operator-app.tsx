// The operator's page: the views over all keys, behind the token of the admin listener where it has one.

import type { Api } from '../../api/ask.ts';
import type { StateStore } from '../../state/store.ts';
import { HeadLine } from '../components/head-line.tsx';
import { SessionPage } from '../sessions/session-page.tsx';
import { SessionsPage } from '../sessions/sessions-page.tsx';
import { operatorViews, usePlace } from '../views.ts';
import { BudgetsPage } from './budgets-page.tsx';
import { HealthPage } from './health-page.tsx';
import { KeysPage } from './keys-page.tsx';
import { LivePage } from './live-page.tsx';
import { TokenForm } from './token-form.tsx';
import { UsagePage } from './usage/usage-page.tsx';

export interface OperatorState {
  /** `wanted`: the listener asks for one; `wrong`: it did not accept the one that was given. */
  readonly token: 'none' | 'given' | 'wanted' | 'wrong';
}

interface OperatorAppProps {
  readonly api: Api;
  readonly store: StateStore<OperatorState>;
  /** '' forgets it. */
  useToken(token: string): void;
}

export function OperatorApp({ api, store, useToken }: OperatorAppProps) {
  const { token } = store.get();
  const { view, of } = usePlace(operatorViews);
  const isLocked = token === 'wanted' || token === 'wrong';
  return (
    <>
      <HeadLine part="operator" views={isLocked ? [] : operatorViews} view={view}>
        <div class="header-end">
          {token === 'given' && (
            <button type="button" class="button button-small" onClick={() => useToken('')}>
              Forget the token
            </button>
          )}
        </div>
      </HeadLine>
      {isLocked ? (
        <TokenForm isWrong={token === 'wrong'} onToken={useToken} />
      ) : (
        <Shown api={api} view={view} of={of} />
      )}
    </>
  );
}

interface ShownProps {
  readonly api: Api;
  readonly view: (typeof operatorViews)[number]['id'];
  readonly of: string | undefined;
}

function Shown({ api, view, of }: ShownProps) {
  switch (view) {
    case 'live':
      return <LivePage api={api} />;
    case 'usage':
      return <UsagePage api={api} />;
    case 'sessions':
      if (of !== undefined) return <SessionPage key={of} api={api} id={of} />;
      return <SessionsPage api={api} words="Of all keys, as the store knows them." />;
    case 'keys':
      return <KeysPage api={api} />;
    case 'budgets':
      return <BudgetsPage api={api} />;
    case 'health':
      return <HealthPage api={api} />;
  }
}
