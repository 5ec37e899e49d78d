// Bounds keys by their teams: of two limits the tighter one counts, and a model must be in both lists. A team that is not configured is a label.

import type { Config, Key } from '../../../config/config.ts';
import { tightest } from '../../../ipc/limits.ts';

export function boundByTeam(key: Key, teams: Config['teams']): Key {
  const team = key.team !== undefined && Object.hasOwn(teams, key.team) ? teams[key.team] : undefined;
  if (team === undefined) return key;
  const { models, maxSessions, rates, endUsers, maxSessionSeconds, maxUsdPerSession, dataClass } = team;
  return {
    ...key,
    models: key.models ?? models,
    teamModels: key.models && models,
    teamLimits: { maxSessions, rates, endUsers },
    maxSessionSeconds: tightest(key.maxSessionSeconds, maxSessionSeconds),
    maxUsdPerSession: tightest(key.maxUsdPerSession, maxUsdPerSession),
    dataClass: key.dataClass === 'regulated' ? key.dataClass : dataClass,
  };
}
