// GET /v1/models and GET /v1/models/{model}: what a client with this key, on the path of chat completions, may give as `model`, as OpenAI lists
// models, or as Anthropic does for its clients. In a rehearsal, which takes any name, models of the providers that it plays are listed, too.

import { allowsModel } from '../../../../codecs/text/glob.ts';
import { REHEARSAL_NAME } from '../../../config/file/words.ts';
import { rehearsedModels } from '../../../config/rehearsal/rehearsal.ts';
import { type HttpProblem, invalidRequest, isProblem, shortened } from '../../../http/problem.ts';
import type { SideRequest } from '../../../ipc/side-request.ts';
import { isForAnthropic } from '../../../ipc/side-routes.ts';
import { chatScopeOf, isRehearsed } from '../../runs/call/class.ts';
import { modelNames, unknownModel } from '../../runs/call/model-names.ts';
import { type RouteHandler, type SideHttpOptions, sendJson } from '../handler.ts';
import { readLimit } from '../request/query.ts';

/** Models are listed as they may be named there. */
const CHAT_PATH = '/v1/chat/completions';

interface NamedOwner {
  readonly id: string;
  readonly owner: string;
}

const modelJson = ({ id, owner }: NamedOwner) => ({ id, object: 'model', created: 0, owned_by: owner });

/** https://docs.anthropic.com/en/api/models: what is not known is null, and a day that is not known is the first of the epoch. */
const anthropicModelJson = ({ id }: NamedOwner) => ({
  ...{ type: 'model', id, display_name: id, created_at: '1970-01-01T00:00:00Z', lifecycle: 'active' },
  ...{
    deprecated_at: null,
    retires_at: null,
    line: null,
    capabilities: null,
    max_input_tokens: null,
    max_tokens: null,
  },
});

export const getModels: RouteHandler = (request, { config }) => {
  const scope = chatScopeOf({ ...request, path: CHAT_PATH }, config);
  if (isProblem(scope)) return scope;
  const listed = [...modelNames({ config, ...scope }).listed].map(([id, { gateway }]) => ({ id, owner: gateway }));
  const played = isRehearsed(scope) ? playedModels(request, config) : [];
  const models = [...listed, ...played.map((id) => ({ id, owner: REHEARSAL_NAME }))];
  if (!isForAnthropic(request.path, request.headers))
    return sendJson(request, 200, { object: 'list', data: models.map(modelJson) });
  const page = pageOf(models, request.query);
  return isProblem(page) ? page : sendJson(request, 200, page);
};

export const getModel: RouteHandler = (request, { config }) => {
  const scope = chatScopeOf({ ...request, path: CHAT_PATH }, config);
  if (isProblem(scope)) return scope;
  const names = modelNames({ config, ...scope });
  const id = request.parameters.model ?? '';
  const owner = isRehearsed(scope) ? REHEARSAL_NAME : names.find(id)?.gateway;
  if (owner === undefined) return unknownModel(id, names);
  const json = isForAnthropic(request.path, request.headers) ? anthropicModelJson : modelJson;
  return sendJson(request, 200, json({ id, owner }));
};

/** https://docs.anthropic.com/en/api/models-list */
const MAX_PAGE = 1000;
const PAGE = 20;

/** A page of the list, behind or before a model: the way that its client leafs. */
function pageOf(models: readonly NamedOwner[], query: SideRequest['query']): object | HttpProblem {
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
