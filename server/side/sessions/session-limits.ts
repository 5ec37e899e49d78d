// Answers the supervisor, which asks for the limits of sessions what its own table cannot know.

import type { Handlers } from '../../ipc/channel/rpc.ts';
import type { HeldPlaces, LimitRefusal, SessionWish } from '../../ipc/limits.ts';
import type { Store } from '../store/contract/store.ts';

interface StoreOfInstance {
  readonly store: Pick<Store, 'takeLimits' | 'givePlaces' | 'replacePlaces'>;
  /** Id of the supervisor that asks. */
  readonly instance: string;
}

export const sessionLimitHandlers = (open: () => Promise<StoreOfInstance>): Handlers => ({
  async takeLimits({ session, scopes, isTrial }: SessionWish): Promise<'granted' | LimitRefusal> {
    const { store, instance: owner } = await open();
    const place = session === undefined ? undefined : { session, owner };
    // Tokens are those of earlier sessions and calls: there must be some left.
    const answer = await store.takeLimits({
      scopes,
      place,
      uses: { sessions: 1, tokens: 0 },
      now: Date.now(),
      isTrial,
    });
    return answer.kind === 'taken' ? 'granted' : answer;
  },
  async givePlaces(sessions: readonly string[]): Promise<void> {
    const { store, instance } = await open();
    await store.givePlaces(instance, sessions);
  },
  async replacePlaces({ places, asOf }: HeldPlaces): Promise<void> {
    const { store, instance } = await open();
    await store.replacePlaces(instance, places, asOf);
  },
});
