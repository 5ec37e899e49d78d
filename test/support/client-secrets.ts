// Client secrets of a gateway under test: a store of them in memory, in the place of the side process.

import { digestOf, newClientSecret } from '../../server/http/request/keys/secret-form.ts';
import type { SecretStore, SecretTerms, StoredSecret } from '../../server/ipc/stored-keys.ts';

export interface TestSecrets extends SecretStore {
  /** Makes a secret with any number of uses; of nobody's key where none is given. `state`: what differs from a new one. */
  make(settings: SecretTerms, key?: string, state?: Partial<StoredSecret>): string;
}

export function clientSecrets(): TestSecrets {
  const rows = new Map<string, StoredSecret>();
  return {
    make(settings, key, state) {
      const secret = newClientSecret('ek_');
      const digest = digestOf(secret);
      const [createdAt, expiresAt] = [Date.now(), Date.now() + 600_000];
      rows.set(digest, { digest, id: `s${rows.size}`, key, settings, usesLeft: 1, createdAt, expiresAt, ...state });
      return secret;
    },
    find: async (digest) => rows.get(digest),
    use: async () => 'granted',
    giveBack: async () => {},
  };
}
