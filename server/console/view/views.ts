// The views of the console: a new one gets a line here, a folder, and a line in app.tsx. The address names the one that is shown,
// so that the browser's back button and links work.

import { useEffect, useState } from 'preact/hooks';

/** Views in the order of the navigation. The first one is shown when the address names none. */
export const views = [
  { id: 'talk', label: 'Talk' },
  { id: 'ledger', label: 'Ledger' },
] as const;
export type View = (typeof views)[number]['id'];

export function useView(): View {
  const [view, setView] = useState(viewOf(location.hash));
  useEffect(() => {
    const follow = () => setView(viewOf(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return view;
}

function viewOf(hash: string): View {
  return (views.find(({ id }) => hash === `#${id}`) ?? views[0]).id;
}
