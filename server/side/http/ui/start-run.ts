// Starts the run that a page asks for over HTTP.

import type { UiRequest } from '../../../../adapters/ui/contract.ts';
import { type HttpProblem, isProblem } from '../../../http/problem.ts';
import type { Run, Runs } from '../../runs/run.ts';
import type { RoutedRequest } from '../handler.ts';

interface Started {
  readonly run: Run;
  /** Those that say who serves. */
  readonly headers: Readonly<Record<string, string>>;
}

export async function startRun(
  { requester, headers, path, asked, signal: left }: RoutedRequest,
  { chat, body, note }: UiRequest,
  runs: Pick<Runs, 'start'>,
): Promise<Started | HttpProblem> {
  let served: Readonly<Record<string, string>> = {};
  const onHead = (told: Readonly<Record<string, string>>): void => {
    served = told;
  };
  const isBackground = body.background === true;
  // A page that leaves before there is anything to come back to wants nothing any more.
  const signal = isBackground ? undefined : left;
  const run = await runs.start({ requester, headers, path, asked, chat, body, note, isBackground, signal, onHead });
  return isProblem(run) ? run : { run, headers: served };
}
