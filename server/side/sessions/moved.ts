// The sessions that gateway processes of this instance leave, and take, in the store.

import type { MovedSessionStore } from '../../ipc/session-record.ts';
import type { Store } from '../store/contract/store.ts';
import type { Ingest } from './ingest.ts';

interface MovedOptions {
  readonly store: Store;
  readonly ingest: Pick<Ingest, 'rowOf'>;
  readonly instance: string;
}

export const movedIn = ({ store, ingest, instance }: MovedOptions): MovedSessionStore => ({
  async leave({ id, ...moved }) {
    const session = await ingest.rowOf(id);
    if (session === undefined) throw new Error('the session is not stored');
    await store.leaveSession({ id, session, ...moved });
  },
  find: ({ id, owner }) => store.movedSession(id, owner, Date.now()),
  take: ({ id, owner }) => store.takeMoved(id, owner, instance, Date.now()),
  drop: (id) => store.dropMoved(id),
});
