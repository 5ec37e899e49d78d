// POST /v1/responses: a response in OpenAI's form, under the same policy, rates, budget and ledger as chat completions. One that is stored and
// streamed, or runs in the background, has a log, and goes on when its client is gone.

import type { JsonObject } from '../../../../codecs/json/object.ts';
import { type HttpProblem, isProblem } from '../../../http/problem.ts';
import type { AskedResponse } from '../../runs/ask.ts';
import type { RunHost } from '../../runs/host.ts';
import { answerClient, withClient } from '../chat/answer-call.ts';
import { type RoutedRequest, type RouteHandler, sendJson } from '../handler.ts';
import { parseBody } from '../request/json-body.ts';
import { streamRun } from './stream.ts';

export const postResponse: RouteHandler = async (request, { runs, config }) => {
  const asked = await runs.ask({ ...request, asked: request.asked, parse: () => parseBody(request.body) });
  if (isProblem(asked)) return asked;
  const { isKept } = asked.terms;
  if (asked.row.isBackground || (asked.isStreamed && isKept))
    return answerRun(request, asked, { runs, ...config.side });
  const onWhole = (response: JsonObject): JsonObject => runs.keep(asked, response);
  return withClient(request.signal, asked.abort, () =>
    answerClient(request, asked.call, { ...config.side, onWhole: isKept ? onWhole : undefined }),
  );
};

interface RunMeans {
  readonly runs: RunHost;
  readonly keepAliveMs: number;
}

async function answerRun(
  request: RoutedRequest,
  asked: AskedResponse,
  { runs, keepAliveMs }: RunMeans,
): Promise<HttpProblem | undefined> {
  let headers: Readonly<Record<string, string>> = asked.call.rated.headers;
  const run = await runs.begin(asked, {
    // A client that leaves before there is anything to come back to wants nothing any more.
    signal: asked.row.isBackground ? undefined : request.signal,
    onHead(told) {
      headers = told;
    },
  });
  if (isProblem(run)) return run;
  if (!asked.isStreamed) return sendJson(request, 200, run.response, { ...headers });
  return streamRun(request, run, { after: -1, headers, keepAliveMs });
}
