// GET, DELETE and cancel of /v1/responses/{id}: a response as it is known, its events from where a client was cut off, and its input items.

import type { JsonObject } from '../../../../codecs/json/object.ts';
import { type HttpProblem, invalidRequest, isProblem, shortened } from '../../../http/problem.ts';
import { type RoutedRequest, type RouteHandler, sendJson } from '../handler.ts';
import { readWord } from '../request/query.ts';
import { streamRun } from './stream.ts';

const PAGE = 20;
const MAX_PAGE = 100;

const unknownResponse = (id: string): HttpProblem => ({
  status: 404,
  code: 'response_not_found',
  message: `Response with id '${shortened(id)}' not found.`,
  shouldRetry: false,
});

const idOf = ({ parameters }: RoutedRequest): string => parameters.id ?? '';

export const getResponse: RouteHandler = async (request, options) => {
  const { runs } = options;
  const isStreamed = readWord(request.query, 'stream', ['true', 'false']);
  if (isProblem(isStreamed)) return isStreamed;
  if (isStreamed === 'true') return streamAgain(request, options);
  const id = idOf(request);
  if (request.query.starting_after !== undefined)
    return invalidRequest('starting_after: expected only with stream=true', 'starting_after');
  const response = await runs.response(id, request.requester);
  return response === undefined ? unknownResponse(id) : sendJson(request, 200, response);
};

const streamAgain: RouteHandler = async (request, { runs, config }) => {
  const id = idOf(request);
  const { starting_after: asked = '-1' } = request.query;
  const after = /^(-1|\d{1,9})$/.test(asked) ? Number(asked) : undefined;
  if (after === undefined)
    return invalidRequest(`starting_after: expected a sequence number, got "${shortened(asked)}"`, 'starting_after');
  const run = await runs.find(id, request.requester, after >= 0);
  if (run === undefined) return unknownResponse(id);
  if (after >= 0 && !(await run.reaches(after)) && run.isStreamed)
    return invalidRequest(
      `starting_after: expected the sequence number of an event of this response, got ${after}, which none has yet`,
      'starting_after',
    );
  return streamRun(request, run, { after, headers: {}, keepAliveMs: config.side.keepAliveMs });
};

export const deleteResponse: RouteHandler = async (request, { runs }) => {
  const id = idOf(request);
  const isDeleted = await runs.delete(id, request.requester);
  return isDeleted ? sendJson(request, 200, { id, object: 'response', deleted: true }) : unknownResponse(id);
};

/** One that has ended is given as it is: to cancel it again changes nothing. */
export const postResponseCancel: RouteHandler = async (request, { runs }) => {
  const id = idOf(request);
  const run = await runs.find(id, request.requester);
  if (run !== undefined && !run.isOver()) await run.cancel();
  const response = await runs.response(id, request.requester);
  return response === undefined ? unknownResponse(id) : sendJson(request, 200, response);
};

export const getResponseItems: RouteHandler = async (request, { runs }) => {
  const id = idOf(request);
  const { query, requester } = request;
  const order = readWord(query, 'order', ['asc', 'desc']);
  if (isProblem(order)) return order;
  const limit = /^\d{1,3}$/.test(query.limit ?? String(PAGE)) ? Number(query.limit ?? PAGE) : 0;
  if (limit < 1 || limit > MAX_PAGE)
    return invalidRequest(
      `limit: expected a number from 1 to ${MAX_PAGE}, got "${shortened(query.limit ?? '')}"`,
      'limit',
    );
  const items = await runs.inputItems(id, requester);
  if (items === undefined) return unknownResponse(id);
  if (isProblem(items)) return items;
  const ordered = order === 'asc' ? items : items.toReversed();
  const at = query.after === undefined ? -1 : ordered.findIndex((item) => item.id === query.after);
  if (query.after !== undefined && at < 0)
    return invalidRequest(
      `after: expected the id of an item of this response, got "${shortened(query.after)}"`,
      'after',
    );
  return sendJson(request, 200, pageOf(ordered.slice(at + 1), limit));
};

function pageOf(items: readonly JsonObject[], limit: number): object {
  const data = items.slice(0, limit);
  const [first, last] = [data[0], data.at(-1)];
  return {
    object: 'list',
    data,
    first_id: first?.id ?? null,
    last_id: last?.id ?? null,
    has_more: items.length > limit,
  };
}
