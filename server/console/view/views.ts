// Which of the console's views is shown: the address says it, so that the browser's back button and links work.

import { useEffect, useState } from 'preact/hooks';

export type View = 'talk' | 'ledger';

function viewOf(hash: string): View {
  return hash === '#ledger' ? 'ledger' : 'talk';
}

export function useView(): View {
  const [view, setView] = useState(viewOf(location.hash));
  useEffect(() => {
    const follow = () => setView(viewOf(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return view;
}
