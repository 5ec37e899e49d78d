// Warnings about keys, routes and tasks: durations that no provider lets pass, classes that nobody may use, budgets that nothing counts in, and regulated text that nothing may serve.

import { providers as realtimeProviders } from '../../../adapters/realtime/index.ts';
import { isOfProvider } from '../../../codecs/text/glob.ts';
import { unknownName } from '../../../codecs/text/nearest-names.ts';
import type { Config } from '../../config/config.ts';
import { DEFAULT_CLASS } from '../../config/file/words.ts';
import type { Key } from '../../config/key-schema.ts';
import type { Problem } from '../../config/problem.ts';
import { targetLabel } from '../../config/providers/models-schema.ts';
import type { TaskConfig } from '../../config/side-schema.ts';
import { sidePaths } from '../../ipc/side-routes.ts';
import { writtenBudgets } from '../billing/budgets/own-budgets.ts';
import { mayServeRegulated } from '../llm/policy.ts';

export function keyWarnings(config: Config): Problem[] {
  return [
    ...expiryWarnings(config),
    ...teamWarnings(config),
    ...durationWarnings(config),
    ...classWarnings(config),
    ...regulatedWarnings(config),
    ...taskWarnings(config),
    ...budgetWarnings(config),
  ];
}

function expiryWarnings({ keys }: Config): Problem[] {
  return keys.flatMap(({ expiresAt }, index) => {
    const isOver = expiresAt !== undefined && Date.parse(expiresAt) <= Date.now();
    return isOver ? [{ path: `keys[${index}].expiresAt`, message: 'the key has expired: nobody is let in by it' }] : [];
  });
}

/** A team that is not configured is a label, which may be meant so. */
function teamWarnings({ keys, teams }: Config): Problem[] {
  const names = Object.keys(teams);
  return keys.flatMap(({ team }, index) => {
    if (team === undefined || names.length === 0 || names.includes(team)) return [];
    return [{ path: `keys[${index}].team`, message: `${unknownName('team', team, names)}; it is a label alone` }];
  });
}

/** Warns of durations that no session reaches at an account which it may use, since the provider ends all of them before. */
function durationWarnings({ keys, teams, classes, providers, models: named }: Config): Problem[] {
  const bounds: readonly (readonly [at: string, bound: Pick<Key, 'maxSessionSeconds' | 'models'>])[] = [
    ...keys.map((key, index) => [`keys[${index}]`, key] as const),
    ...Object.entries(teams).map(([name, team]) => [`teams.${name}`, team] as const),
    ...Object.entries(classes).map(
      ([name, { maxSessionSeconds }]) => [`classes.${name}`, { maxSessionSeconds }] as const,
    ),
  ];
  const ends = Object.entries(providers).map(([name, account]) => ({
    name,
    known: longestSessions(account?.kind ?? name),
  }));
  return bounds.flatMap(([at, { maxSessionSeconds: asked = 0, models }]) => {
    const patterns = models?.flatMap((pattern) => named[pattern]?.map(targetLabel) ?? [pattern]);
    return ends.flatMap(({ name, known }) => {
      const mayUse = patterns === undefined || patterns.some((pattern) => isOfProvider(pattern, name));
      if (!mayUse || known.length === 0 || known.some(({ maxSeconds }) => maxSeconds >= asked)) return [];
      const times = known.map(({ path, maxSeconds }) => `${maxSeconds} s at ${path}`).join(', ');
      return [
        { path: `${at}.maxSessionSeconds`, message: `${name} is known to end sessions before that: after ${times}` },
      ];
    });
  });
}

/** The paths of a kind whose longest session is known. */
const longestSessions = (kind: string) =>
  (realtimeProviders.get(kind)?.endpoints ?? []).flatMap(({ path, maxSeconds }) =>
    maxSeconds === undefined ? [] : [{ path, maxSeconds }],
  );

function classWarnings(config: Config): Problem[] {
  const used = new Set([...callersClasses(config, undefined), ...config.tasks.map((task) => task.class)]);
  return Object.keys(config.classes).flatMap((name) =>
    used.has(name) ? [] : [{ path: `classes.${name}`, message: 'no key may use it, and no task has it' }],
  );
}

/** The classes that calls and sessions of a key may have; undefined: of all keys. Tasks have classes of their own. */
function callersClasses({ keys, routes, classes }: Config, id: string | undefined): ReadonlySet<string> {
  const all = [DEFAULT_CLASS, ...Object.keys(classes)];
  const ofRoutes = Object.values(routes).flatMap((route) => route.class ?? []);
  const callers: readonly Partial<Key>[] =
    keys.length === 0 ? [{}] : keys.filter((key) => id === undefined || key.id === id);
  return new Set(
    callers.flatMap((key) =>
      key.class === undefined ? [...(key.classes ?? all), ...ofRoutes, DEFAULT_CLASS] : [key.class],
    ),
  );
}

/** Tells whether regulated text may go to a target of the class; to that of the rehearsal it may. */
const mayBeRegulated = (config: Config, name: string): boolean =>
  config.classes[name]?.targets.some(({ gateway }) => mayServeRegulated(config, gateway)) !== false;

function regulatedWarnings(config: Config): Problem[] {
  const { keys, routes, classes } = config;
  const all = Object.keys(classes);
  const problemOf = (path: string, allowed: readonly string[]): Problem[] => {
    const names = allowed.filter((name) => all.includes(name));
    const isServed = names.length === 0 || names.some((name) => mayBeRegulated(config, name));
    const message = `regulated text stays on direct targets, and ${list(names)} has routed ones only: no call is served`;
    return isServed ? [] : [{ path, message }];
  };
  const ofKeys = keys.flatMap(({ dataClass, class: bound, classes: own = all }, index) =>
    dataClass === 'regulated' ? problemOf(`keys[${index}].dataClass`, bound === undefined ? own : [bound]) : [],
  );
  // Sessions of a realtime path are on the direct path, whatever their class is.
  const ofRoutes = Object.entries(routes).flatMap(([path, { dataClass, class: bound }]) =>
    dataClass === 'regulated' && sidePaths('key').includes(path)
      ? problemOf(`routes.${path}.dataClass`, bound === undefined ? all : [bound])
      : [],
  );
  return [...ofKeys, ...ofRoutes];
}

const list = (names: readonly string[]): string =>
  names.length === 1 ? `the class ${names[0]}` : `each of the classes ${names.join(', ')}`;

/** Warns of tasks that no session gets. On demand they may work on a text. */
function taskWarnings(config: Config): Problem[] {
  const { tasks, keys, providers, rehearsal, regulated } = config;
  const hasSessions = Object.keys(providers).length > 0 || rehearsal !== false;
  const isAllRegulated = keys.length > 0 && keys.every((key) => key.dataClass === 'regulated');
  const reasonOf = (task: TaskConfig): string | undefined => {
    if (task.sample === 0) return 'it never runs by itself: its sample is 0';
    if (task.of !== undefined) return undefined;
    if (!hasSessions) return 'it never runs by itself: without providers there are no sessions';
    if (isAllRegulated && !regulated.store)
      return 'it never runs by itself: all keys are regulated, and regulated.store keeps no text of theirs';
    if (isAllRegulated && !mayBeRegulated(config, task.class))
      return `it never succeeds: all keys are regulated, and the class ${task.class} has routed targets only`;
    return undefined;
  };
  return tasks.flatMap((task, index) => {
    const message = task.when === 'demand' ? undefined : reasonOf(task);
    return message === undefined ? [] : [{ path: `tasks[${index}]`, message }];
  });
}

/** Calls of tasks count for the key of their session. */
function budgetWarnings(config: Config): Problem[] {
  const ofTasks = config.tasks.map((task) => task.class);
  return writtenBudgets(config).flatMap(({ path, budget: { key, class: name } }) => {
    if (name === undefined || ofTasks.includes(name) || callersClasses(config, key).has(name)) return [];
    const who = key === undefined ? 'no key may' : `the key ${key} may not`;
    return [{ path, message: `nothing counts in it: ${who} use the class ${name}` }];
  });
}
