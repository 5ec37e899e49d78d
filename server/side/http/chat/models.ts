// GET /v1/models and GET /v1/models/{model}: what a client with this key, on the path of chat completions, may give as `model`, in the shape
// of OpenAI's list. In a rehearsal, which takes any name, models of the providers that it plays are listed, too.

import { allowsModel } from '../../../../codecs/text/glob.ts';
import { REHEARSAL_NAME } from '../../../config/file/words.ts';
import { rehearsedModels } from '../../../config/rehearsal/rehearsal.ts';
import { isProblem } from '../../../http/problem.ts';
import type { SideRequest } from '../../../ipc/side-request.ts';
import { chatScopeOf, isRehearsed } from '../../runs/call/class.ts';
import { modelNames, unknownModel } from '../../runs/call/model-names.ts';
import { type RouteHandler, type SideHttpOptions, sendJson } from '../handler.ts';

/** Models are listed as they may be named there. */
const CHAT_PATH = '/v1/chat/completions';

const modelJson = (id: string, owner: string) => ({ id, object: 'model', created: 0, owned_by: owner });

export const getModels: RouteHandler = (request, { config }) => {
  const scope = chatScopeOf({ ...request, path: CHAT_PATH }, config);
  if (isProblem(scope)) return scope;
  const listed = [...modelNames({ config, ...scope }).listed].map(([id, { gateway }]) => modelJson(id, gateway));
  const played = isRehearsed(scope) ? playedModels(request, config) : [];
  return sendJson(request, 200, {
    object: 'list',
    data: [...listed, ...played.map((id) => modelJson(id, REHEARSAL_NAME))],
  });
};

export const getModel: RouteHandler = (request, { config }) => {
  const scope = chatScopeOf({ ...request, path: CHAT_PATH }, config);
  if (isProblem(scope)) return scope;
  const names = modelNames({ config, ...scope });
  const id = request.parameters.model ?? '';
  const owner = isRehearsed(scope) ? REHEARSAL_NAME : names.find(id)?.gateway;
  return owner === undefined ? unknownModel(id, names) : sendJson(request, 200, modelJson(id, owner));
};

/** Models that the key may use in sessions. */
function playedModels(request: SideRequest, config: SideHttpOptions['config']): readonly string[] {
  const { models, teamModels } = request.requester.settings ?? {};
  const all = rehearsedModels(config.rehearsal === false ? [] : config.rehearsal.providers);
  return all
    .filter(({ provider, model }) => [models, teamModels].every((list) => allowsModel(list, provider, model)))
    .map(({ model }) => model);
}
