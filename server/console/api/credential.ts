// Keeps a credential for as long as the tab is open, over reloads. Storage may be forbidden: then it lasts as long as the page.

interface KeptCredential {
  get(): string;
  set(credential: string): void;
}

export function keptCredential(name: string): KeptCredential {
  let text = stored(name);
  return {
    get: () => text,
    set(next) {
      text = next;
      try {
        if (next === '') sessionStorage.removeItem(name);
        else sessionStorage.setItem(name, next);
      } catch {
        // It lasts as long as the page.
      }
    },
  };
}

function stored(name: string): string {
  try {
    return sessionStorage.getItem(name) ?? '';
  } catch {
    return '';
  }
}
