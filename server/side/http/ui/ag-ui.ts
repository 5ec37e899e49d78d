// AG-UI over HTTP: POST /v1/ui/ag-ui runs an agent, which is a model here, and GET /v1/ui/ag-ui/{id}/stream goes on with the last run of a thread.

import { AgUiEvents, type AgUiNote, readAgUiInput } from '../../../../adapters/ui/index.ts';
import { isProblem } from '../../../http/problem.ts';
import type { RouteHandler } from '../handler.ts';
import { parseBody } from '../request/json-body.ts';
import { readUi } from './problems.ts';
import { startRun } from './start-run.ts';
import { streamUi, UI_STREAM_HEADERS } from './stream.ts';

export const postAgUi: RouteHandler = async (request, { runs, config }) => {
  const parsed = parseBody(request.body);
  if (isProblem(parsed)) return parsed;
  const asked = readUi(() => readAgUiInput(parsed.body));
  if (isProblem(asked)) return asked;
  const started = await startRun(request, asked, runs);
  if (isProblem(started)) return started;
  const headers = { ...UI_STREAM_HEADERS, ...started.headers };
  return streamUi(request, started.run, { translator: new AgUiEvents(asked.note), headers, ...config.side });
};

export const getAgUiStream: RouteHandler = async (request, { runs, config }) => {
  const run = await runs.findChat(request.parameters.id ?? '', request.requester);
  // The run of a chat that was asked for in another protocol names no thread.
  const note = typeof run?.note?.threadId === 'string' ? (run.note as unknown as AgUiNote) : undefined;
  if (run === undefined || note === undefined)
    return void request.emit({ status: 204, headers: { 'cache-control': 'no-store' } });
  return streamUi(request, run, { translator: new AgUiEvents(note), headers: UI_STREAM_HEADERS, ...config.side });
};
