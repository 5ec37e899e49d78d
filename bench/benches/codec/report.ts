// The table and the measures of the codec benchmark.

import { measure, reportTable } from '../../figures/describe.ts';
import { digits } from '../../figures/format.ts';
import { type Rounds, runsOf } from '../../figures/rounds.ts';
import { median, spread } from '../../figures/statistics.ts';
import type { CodecCase } from './cases.ts';

/** `times`: nanoseconds of one operation, by id of the row. */
export function describeCodec(cases: readonly CodecCase[], times: Rounds<number>) {
  const nsOf = ({ id }: CodecCase) => median(runsOf(times, id));
  const title = 'one operation on one core (medians of rounds, each a process of its own)';
  const table = reportTable(title, cases, [
    ['', (row) => row.title],
    ['bytes', ({ bytes }) => bytes || null],
    ['ns', nsOf],
    ['ns quartiles', ({ id }) => spread(runsOf(times, id)).map(digits).join(' – ')],
    ['MB/s', (row) => (row.bytes > 0 ? (row.bytes / nsOf(row)) * 1000 : null)],
  ]);
  const own = cases.filter(({ isReference }) => !isReference);
  return { tables: [table], measures: own.map(({ id }) => measure(`codec.ns.${id}`, 'ns', runsOf(times, id))) };
}
