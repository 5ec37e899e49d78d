// A session that continues an earlier one, between a raw client and a raw provider.

import { openRawSession, type RawSessionOptions } from './raw-session.ts';
import { until } from './until.ts';

export type ContinuedSessionOptions = Pick<RawSessionOptions, 'dialect' | 'limits' | 'mayUse' | 'billedBy'>;

/** The context is the text `what was said`. */
export async function openContinuedSession(options: ContinuedSessionOptions) {
  const context = { continues: 'a', from: 'turns', text: 'what was said', dataClass: 'open' } as const;
  const opened = await openRawSession({ ...options, context });
  const { session } = opened;
  const hasLasted = (ms: number) => until(() => session.record().durationMs > ms || session.record().reason);
  return { ...opened, hasLasted };
}
