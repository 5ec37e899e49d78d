// Starts the run that a page asks for over HTTP. It goes on where the page leaves, also before the answer begins: the chat leads back to it.

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
  { requester, headers, path, asked }: RoutedRequest,
  { chat, body, note }: UiRequest,
  runs: Pick<Runs, 'start'>,
): Promise<Started | HttpProblem> {
  let served: Readonly<Record<string, string>> = {};
  const onHead = (told: Readonly<Record<string, string>>): void => {
    served = told;
  };
  const isBackground = body.background === true;
  const run = await runs.start({ requester, headers, path, asked, chat, body, note, isBackground, onHead });
  return isProblem(run) ? run : { run, headers: served };
}
