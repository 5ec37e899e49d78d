// Sessions of a benchmark: both of their ends, and visits to contenders that leave no session behind.

import type { BenchContext, RunningContender } from '../bench.ts';
import { PATH } from '../contenders/start-all.ts';
import { type LoadGenerator, type LoadProvider, startGenerator, startProvider } from './load-processes.ts';
import type { ProviderOptions } from './provider-process.ts';

export interface Ends {
  readonly provider: LoadProvider;
  readonly generator: LoadGenerator;
}

export async function startEnds(context: Pick<BenchContext, 'own'>, options: ProviderOptions = {}): Promise<Ends> {
  return { provider: context.own(await startProvider(options)), generator: context.own(startGenerator()) };
}

/** Visits a contender. `open` makes it that many sessions in all; they are gone afterwards, also when the visit fails. */
export async function withSessions<Result>(
  { provider, generator }: Ends,
  { url, headers }: RunningContender,
  visit: (open: (sessions: number) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  let count = 0;
  try {
    return await visit(async (sessions) => {
      await generator.open({ url: url(PATH), headers, sessions: sessions - count });
      count = sessions;
    });
  } finally {
    await generator.close();
    await provider.cleared();
  }
}

interface GroupOptions {
  readonly sessions: number;
  readonly group: string;
  readonly ca?: string;
}

/** Opens sessions that are a group at both ends. They stay open. */
export async function openSessions(
  { provider, generator }: Ends,
  { url, headers }: RunningContender,
  options: GroupOptions,
): Promise<void> {
  await generator.open({ url: url(PATH), headers, ...options });
  await provider.nameSessions(options.group);
}

interface AllSessions {
  readonly contenders: ReadonlyMap<string, RunningContender>;
  /** The same for all, or what is said of each group. */
  readonly sessions: number | ReadonlyMap<string, number>;
  /** PEM file that signed the certificates of both ends. */
  readonly ca?: string;
  say(line: string): void;
}

/**
 * Visits all contenders at once: each has that many sessions, in a group of its name at both ends. One that opens too few of them is
 * left out, and said. All are gone afterwards.
 */
export async function withSessionsOfAll<Result>(
  { provider, generator }: Ends,
  { contenders, sessions: wanted, ca, say }: AllSessions,
  visit: (open: ReadonlyMap<string, RunningContender>) => Promise<Result>,
): Promise<Result> {
  const open = new Map<string, RunningContender>();
  try {
    for (const [group, running] of contenders) {
      const sessions = typeof wanted === 'number' ? wanted : (wanted.get(group) ?? 0);
      try {
        await openSessions({ provider, generator }, running, { sessions, group, ...(ca !== undefined && { ca }) });
        open.set(group, running);
      } catch (error) {
        say(`${group}: ${sessions} sessions could not be opened: ${(error as Error).message}`);
        await generator.close({ group });
        await provider.nameSessions(group);
      }
    }
    return await visit(open);
  } finally {
    await generator.close();
    await provider.cleared();
  }
}
