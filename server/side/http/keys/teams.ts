// GET /teams on the admin listener: the teams of the configuration with their bounds.

import { type RouteHandler, sendJson } from '../handler.ts';

export const getTeams: RouteHandler = (request, { config }) =>
  sendJson(request, 200, { teams: Object.entries(config.teams).map(([name, bounds]) => ({ name, ...bounds })) });
