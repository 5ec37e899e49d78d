// GET /v1/models and GET /v1/models/{model}: what a client with this key, on the path of chat completions, may give as `model`, as OpenAI lists
// models, or as Anthropic does for its clients. In a rehearsal, which takes any name, models of the providers that it plays are listed, too.

import { allowsModel } from '../../../../codecs/text/glob.ts';
import { REHEARSAL_NAME } from '../../../config/file/words.ts';
import { rehearsedModels } from '../../../config/rehearsal/rehearsal.ts';
import { type HttpProblem, invalidRequest, isProblem, shortened } from '../../../http/problem.ts';
import type { SideRequest } from '../../../ipc/side-request.ts';
import { isForAnthropic } from '../../../ipc/side-routes.ts';
import { chatScopeOf, isRehearsed } from '../../runs/call/class.ts';
import { modelNames } from '../../runs/call/model-names.ts';
import { unknownModel } from '../../runs/call/unknown-model.ts';
import { type RouteHandler, type SideHttpOptions, sendJson } from '../handler.ts';
import { readLimit } from '../request/query.ts';
import { anthropicModelJson, factsOf, modelJson, type ShownModel } from './model-facts.ts';

/** Models are listed as they may be named there. */
const CHAT_PATH = '/v1/chat/completions';

export const getModels: RouteHandler = (request, options) => {
  const { config, catalogues } = options;
  const scope = chatScopeOf({ ...request, path: CHAT_PATH }, config);
  if (isProblem(scope)) return scope;
  const listed = [...modelNames({ config, catalogues, ...scope }).listed()];
  const played = isRehearsed(scope) ? playedModels(request, config) : [];
  const models: readonly ShownModel[] = [
    ...listed.map(([id, meaning]) => factsOf(id, meaning, options)),
    ...played.map((id) => ({ id, owner: REHEARSAL_NAME })),
  ];
  if (!isForAnthropic(request.path, request.headers))
    return sendJson(request, 200, { object: 'list', data: models.map(modelJson) });
  const page = pageOf(models, request.query);
  return isProblem(page) ? page : sendJson(request, 200, page);
};

export const getModel: RouteHandler = (request, options) => {
  const { config, catalogues } = options;
  const scope = chatScopeOf({ ...request, path: CHAT_PATH }, config);
  if (isProblem(scope)) return scope;
  const names = modelNames({ config, catalogues, ...scope });
  const id = request.parameters.model ?? '';
  const json = isForAnthropic(request.path, request.headers) ? anthropicModelJson : modelJson;
  if (isRehearsed(scope)) return sendJson(request, 200, json({ id, owner: REHEARSAL_NAME }));
  const found = names.find(id);
  if (found === undefined) return unknownModel(id, names, catalogues);
  return sendJson(request, 200, json(factsOf(id, names.listed().get(id) ?? found, options)));
};

/** https://docs.anthropic.com/en/api/models-list */
const MAX_PAGE = 1000;
const PAGE = 20;

/** A page of the list, behind or before a model: the way that its client leafs. */
function pageOf(models: readonly ShownModel[], query: SideRequest['query']): object | HttpProblem {
  const limit = query.limit === undefined ? PAGE : readLimit(query, MAX_PAGE);
  if (isProblem(limit)) return limit;
  const name = query.before_id === undefined ? 'after_id' : 'before_id';
  const id = query[name];
  const place = id === undefined ? -1 : models.findIndex((model) => model.id === id);
  if (id !== undefined && place < 0)
    return invalidRequest(`${name}: expected the id of a model of this list, got "${shortened(id)}"`, name);
  const isBefore = name === 'before_id';
  const from = isBefore ? Math.max(0, place - limit) : place + 1;
  const to = isBefore ? place : Math.min(models.length, from + limit);
  const data = models.slice(from, to).map(anthropicModelJson);
  const hasMore = isBefore ? from > 0 : to < models.length;
  return { data, has_more: hasMore, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
}

/** Models that the key may use in sessions. */
function playedModels(request: SideRequest, config: SideHttpOptions['config']): readonly string[] {
  const { models, teamModels } = request.requester.settings ?? {};
  const all = rehearsedModels(config.rehearsal === false ? [] : config.rehearsal.providers);
  return all
    .filter(({ provider, model }) => [models, teamModels].every((list) => allowsModel(list, provider, model)))
    .map(({ model }) => model);
}
