// GET /v1/models and GET /v1/models/{model}: what a client with this key, on the path of chat completions, may give as `model`, in the shape
// of OpenAI's list.

import { isProblem } from '../../../http/problem.ts';
import { type RouteHandler, sendJson } from '../handler.ts';
import { chatScopeOf } from './class.ts';
import { modelNames, type NamedModel, unknownModel } from './model-names.ts';

const modelJson = (id: string, { gateway }: NamedModel) => ({ id, object: 'model', created: 0, owned_by: gateway });

export const getModels: RouteHandler = (request, { config }) => {
  const scope = chatScopeOf(request, config);
  if (isProblem(scope)) return scope;
  const { listed } = modelNames({ config, ...scope });
  return sendJson(request, 200, { object: 'list', data: [...listed].map(([id, named]) => modelJson(id, named)) });
};

export const getModel: RouteHandler = (request, { config }) => {
  const scope = chatScopeOf(request, config);
  if (isProblem(scope)) return scope;
  const names = modelNames({ config, ...scope });
  const id = request.parameters.model ?? '';
  const named = names.find(id);
  return named === undefined ? unknownModel(id, names) : sendJson(request, 200, modelJson(id, named));
};
