// The AI SDK's `useChat` over HTTP: POST /v1/ui/chat asks, GET /v1/ui/chat/{id}/stream goes on with the answer of a chat from its beginning, and
// POST /v1/ui/chat/{id}/stop ends it. Rule: a page that leaves ends nothing.

import { ChatChunks, readChatRequest } from '../../../../adapters/ui/index.ts';
import { isProblem } from '../../../http/problem.ts';
import { type RoutedRequest, type RouteHandler, sendJson } from '../handler.ts';
import { parseBody } from '../request/json-body.ts';
import { readUi } from './problems.ts';
import { startRun } from './start-run.ts';
import { eventsOf, streamUi, UI_STREAM_HEADERS } from './stream.ts';

/** The version of the chunks, by which the AI SDK tells its streams from others. */
const HEADERS = { ...UI_STREAM_HEADERS, 'x-vercel-ai-ui-message-stream': 'v1' };
const DONE = 'data: [DONE]\n\n';

export const postUiChat: RouteHandler = async (request, { runs, config }) => {
  const parsed = parseBody(request.body);
  if (isProblem(parsed)) return parsed;
  const asked = readUi(() => readChatRequest(parsed.body));
  if (isProblem(asked)) return asked;
  if ('chunks' in asked) return sendChunks(request, asked.chunks);
  const started = await startRun(request, asked, runs);
  if (isProblem(started)) return started;
  const translator = new ChatChunks(asked.note, { isReplay: false });
  const headers = { ...HEADERS, ...started.headers };
  return streamUi(request, started.run, { translator, headers, last: DONE, ...config.side });
};

/** Chunks that no model has to be asked for. */
function sendChunks({ emit }: RoutedRequest, chunks: readonly object[]): undefined {
  emit({ status: 200, headers: HEADERS, body: Buffer.from(eventsOf(chunks) + DONE) });
}

export const getUiChatStream: RouteHandler = async (request, { runs, config }) => {
  const run = await runs.findChat(request.parameters.id ?? '', request.requester);
  if (run === undefined) return void request.emit({ status: 204, headers: { 'cache-control': 'no-store' } });
  const translator = new ChatChunks(run.note ?? {}, { isReplay: true });
  return streamUi(request, run, { translator, headers: HEADERS, last: DONE, ...config.side });
};

/** The body may name the answer that is meant, as `activeStreamId` in the examples of the AI SDK: a later one is left alone. */
export const postUiChatStop: RouteHandler = async (request, { runs }) => {
  const parsed = request.body === undefined || request.body.length === 0 ? { body: {} } : parseBody(request.body);
  if (isProblem(parsed)) return parsed;
  const { activeStreamId: meant } = parsed.body;
  const run = await runs.findChat(request.parameters.id ?? '', request.requester);
  const isMeant = run !== undefined && (typeof meant !== 'string' || meant === run.id);
  if (isMeant && !run.isOver()) await run.cancel();
  return sendJson(request, 200, { success: true });
};
