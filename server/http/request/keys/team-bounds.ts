// Bounds keys by their teams: of two limits the tighter one counts, and a model must be in both lists. A team that is not configured is a label.

import type { Config, Key } from '../../../config/config.ts';

export function boundByTeam(key: Key, teams: Config['teams']): Key {
  const team = key.team !== undefined && Object.hasOwn(teams, key.team) ? teams[key.team] : undefined;
  if (team === undefined) return key;
  const { models, maxSessions, rates, endUsers, maxSessionSeconds, maxUsdPerSession, dataClass } = team;
  return {
    ...key,
    models: key.models ?? models,
    teamModels: key.models && models,
    teamLimits: { maxSessions, rates, endUsers },
    maxSessionSeconds: least(key.maxSessionSeconds, maxSessionSeconds),
    maxUsdPerSession: least(key.maxUsdPerSession, maxUsdPerSession),
    dataClass: key.dataClass === 'regulated' ? key.dataClass : dataClass,
  };
}

/** The least of those that are given; undefined where none is. */
export function least(...limits: readonly (number | undefined)[]): number | undefined {
  const given = limits.filter((limit) => limit !== undefined);
  return given.length > 0 ? Math.min(...given) : undefined;
}
