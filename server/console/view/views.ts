// The views of the console: a new one gets a line here, a folder, and a line in app.tsx, or in operator/operator-app.tsx. The address names
// the one that is shown, so that the browser's back button and links work.

import { useEffect, useState } from 'preact/hooks';

interface View {
  readonly id: string;
  readonly label: string;
}

/** Views in the order of the navigation. The first one is shown when the address names none. */
export const views = [
  { id: 'talk', label: 'Talk' },
  { id: 'sessions', label: 'Sessions' },
  { id: 'ledger', label: 'Ledger' },
] as const satisfies readonly View[];

export const operatorViews = [
  { id: 'live', label: 'Live' },
  { id: 'usage', label: 'Usage' },
  { id: 'sessions', label: 'Sessions' },
  { id: 'keys', label: 'Keys' },
  { id: 'budgets', label: 'Budgets' },
  { id: 'health', label: 'Health' },
] as const satisfies readonly View[];

interface Place<Id extends string> {
  readonly view: Id;
  /** The rest of the address, such as the id of a session. */
  readonly of: string | undefined;
}

export function usePlace<Id extends string>(known: readonly { readonly id: Id }[]): Place<Id> {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const [name = '', of] = hash.slice(1).split('/');
  const view = known.find(({ id }) => id === name) ?? known[0];
  return { view: view?.id ?? ('' as Id), of: of === undefined ? undefined : decodeURIComponent(of) };
}

export const sessionPlace = (id: string): string => `#sessions/${encodeURIComponent(id)}`;
