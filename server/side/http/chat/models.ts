// GET /v1/models: the models of the classes that a key may use, in the shape of OpenAI's list.

import { type RoutedRequest, type RouteHandler, type SideHttpOptions, sendJson } from '../handler.ts';
import { classBinding, classesOf } from './class.ts';

interface Model {
  readonly id: string;
  readonly object: 'model';
  readonly created: 0;
  /** Name of the configured LLM gateway. */
  readonly owned_by: string;
}

/** Lists every model once, in the order of the classes and their targets. */
function modelsFor(
  request: Pick<RoutedRequest, 'requester' | 'path'>,
  config: SideHttpOptions['config'],
): readonly Model[] {
  const { key } = classBinding(request, config);
  const allowed = key?.class === undefined ? key?.classes : [key.class];
  const classes = Object.entries(classesOf(config)).filter(([name]) => allowed?.includes(name) !== false);
  const targets = classes.flatMap(([, settings]) => settings.targets);
  const models = new Map<string, Model>();
  for (const { model, gateway } of targets) {
    if (!models.has(model)) models.set(model, { id: model, object: 'model', created: 0, owned_by: gateway });
  }
  return [...models.values()];
}

export const getModels: RouteHandler = (request, { config }) =>
  sendJson(request, 200, { object: 'list', data: modelsFor(request, config) });
