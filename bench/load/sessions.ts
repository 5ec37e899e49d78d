// Sessions of a benchmark: both of their ends, and visits to one contender that leave no session behind.

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
