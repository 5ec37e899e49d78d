// Conflicts between settings of the side path: unknown names, targets that may never serve, tasks that lack what they need.

import { millisecondsOf } from '../../../codecs/text/duration.ts';
import { isGlob } from '../../../codecs/text/glob.ts';
import { unknownName } from '../../../codecs/text/nearest-names.ts';
import type { Config } from '../../config/config.ts';
import { urlProblem } from '../../config/file/outbound-url.ts';
import { DEFAULT_CLASS, REHEARSAL_NAME } from '../../config/file/words.ts';
import type { Problem } from '../../config/problem.ts';
import { quotaOfKey } from '../../config/side/side-limits-schema.ts';
import { countedBy, type SideConfig, type TaskConfig } from '../../config/side-schema.ts';
import { keyClassProblems } from '../../http/class-policy.ts';
import { writtenBudgets } from '../billing/budgets/own-budgets.ts';
import { compileSchema } from '../llm/answer/json-schema.ts';
import { BUILT_IN_KINDS, builtInKind } from '../prompts/built-in-kinds.ts';
import { aliasConflicts } from './alias-conflicts.ts';
import { cacheConflicts } from './cache-conflicts.ts';
import { classConflicts, gatewayConflicts } from './llm-conflicts.ts';
import { telemetryConflicts } from './telemetry-conflicts.ts';

/** No window but `total` is longer, and that one has no end. */
const LONGEST_MONTH = 'P31D';

/** Finds every conflict, each with its path and what was expected. */
export function sideConflicts(config: SideConfig & Pick<Config, 'access' | 'keys' | 'teams'>): Problem[] {
  const classes = [...Object.keys(config.classes), ...(config.hasRehearsalGateway ? [REHEARSAL_NAME] : [])];
  return [
    ...gatewayConflicts(config),
    ...classConflicts(config),
    ...cacheConflicts(config),
    ...aliasConflicts(config),
    ...classNames(config, classes),
    ...config.tasks.flatMap((task, index) => taskConflicts(task, `tasks[${index}]`, config)),
    ...budgetConflicts(config),
    ...keepConflicts(config),
    ...webhookConflicts(config),
    ...telemetryConflicts(config),
    ...priceConflicts(config),
    ...keyConflicts(config),
    ...quotaConflicts(config),
  ];
}

/** Checks every setting that names a class, but for those of keys. */
function classNames(config: Pick<Config, 'tasks' | 'budgets' | 'teams' | 'routes'>, known: readonly string[]) {
  const ofTasks = config.tasks.map((task, index) => [`tasks[${index}].class`, task.class] as const);
  // Sessions have a class even where no calls are configured.
  const ofSessions = [
    ...writtenBudgets({ ...config, keys: [] }).map(({ path, budget }) => [`${path}.class`, budget.class] as const),
    ...Object.entries(config.routes).map(([path, route]) => [`routes.${path}.class`, route.class] as const),
  ];
  return [...unknownNames(ofTasks, known), ...unknownNames(ofSessions, [...known, DEFAULT_CLASS])];
}

function unknownNames(named: readonly (readonly [string, string | undefined])[], known: readonly string[]): Problem[] {
  return named.flatMap(([path, name]) =>
    name === undefined || known.includes(name) ? [] : [{ path, message: unknownName('class', name, known) }],
  );
}

function taskConflicts(task: TaskConfig, path: string, { tasks, transcripts, classes }: SideConfig): Problem[] {
  const { kind, when } = task;
  const problems = [
    ...patternConflicts(task, path, classes),
    ...labelConflicts(task, path),
    ...schemaConflicts(task, path),
    ...scoringConflicts(task, path, tasks),
  ];
  if (builtInKind(kind) === undefined && task.prompt === undefined) {
    const message = `${unknownName('kind', kind, BUILT_IN_KINDS)}; one of your own needs a prompt`;
    problems.push({ path: `${path}.kind`, message });
  }
  if (task.of !== undefined) return problems;
  if (transcripts === 'off' && when !== 'demand')
    problems.push({
      path: `${path}.when`,
      message: 'expected demand: there is nothing to read while transcripts is off',
    });
  const isSame = (other: TaskConfig) =>
    other.of === undefined && other.kind === kind && momentOf(other) === momentOf(task);
  const first = tasks.findIndex(isSame);
  if (tasks[first] !== task)
    problems.push({
      path: `${path}.kind`,
      message: `expected a kind of its own, got that of tasks[${first}] at the same moment`,
    });
  return problems;
}

/** A task names no model, which a class of patterns needs. */
function patternConflicts({ class: name }: TaskConfig, path: string, classes: SideConfig['classes']): Problem[] {
  const terms = Object.hasOwn(classes, name) ? classes[name] : undefined;
  if (terms === undefined || terms.targets.some(({ model }) => !isGlob(model))) return [];
  const message = `expected a class with a target whose model is named: a task names none, and ${name} has patterns alone`;
  return [{ path: `${path}.class`, message }];
}

/** Tells tasks of one kind apart: "every 3 turns" and "every 5 turns" would be the same task at the 15th turn. */
const momentOf = ({ when }: TaskConfig): string => (typeof when === 'string' ? when : Object.keys(when).join());

function scoringConflicts({ kind, of, when }: TaskConfig, path: string, tasks: SideConfig['tasks']): Problem[] {
  if (of === undefined) return [];
  if (kind !== 'quality') return [{ path: `${path}.of`, message: `expected none: a ${kind} is not of other tasks` }];
  const known = [...new Set([...BUILT_IN_KINDS, ...tasks.map((task) => task.kind)])].filter((name) => name !== kind);
  const problems = of.flatMap((name, index) => {
    const message = scoredProblem(name, { before: of.slice(0, index), known, path, tasks });
    return message === undefined ? [] : [{ path: `${path}.of[${index}]`, message }];
  });
  if (when === 'end') return problems;
  return [...problems, { path: `${path}.when`, message: 'expected none: it comes when a task that it is of is done' }];
}

interface Scored {
  readonly before: readonly string[];
  readonly known: readonly string[];
  readonly path: string;
  readonly tasks: SideConfig['tasks'];
}

function scoredProblem(name: string, { before, known, path, tasks }: Scored): string | undefined {
  if (name === 'quality') return 'expected another kind: what scores is never scored';
  if (!known.includes(name)) return unknownName('kind', name, known);
  if (before.includes(name)) return 'expected kinds that differ';
  const first = tasks.findIndex(({ of }) => of?.includes(name));
  return `tasks[${first}]` === path ? undefined : `expected a kind that is scored once, tasks[${first}] does so`;
}

function labelConflicts({ kind, labels, schema }: TaskConfig, path: string): Problem[] {
  const at = `${path}.labels`;
  const builtIn = builtInKind(kind);
  if (labels === undefined)
    return builtIn?.needs === 'labels' && schema === undefined
      ? [{ path: at, message: 'missing, expected the labels to choose from' }]
      : [];
  if (builtIn !== undefined && builtIn.needs !== 'labels')
    return [{ path: at, message: `expected none: a ${kind} has no labels` }];
  return new Set(labels).size < labels.length ? [{ path: at, message: 'expected labels that differ' }] : [];
}

function schemaConflicts({ kind, schema, prompt }: TaskConfig, path: string): Problem[] {
  const at = `${path}.schema`;
  if (schema === undefined) {
    const builtIn = builtInKind(kind);
    const isNeeded = builtIn?.needs === 'schema' || (builtIn === undefined && prompt !== undefined);
    return isNeeded ? [{ path: at, message: 'missing, expected the JSON Schema of the result' }] : [];
  }
  const compiled = compileSchema(schema);
  return 'problem' in compiled ? [{ path: at, message: `expected a JSON Schema, got: ${compiled.problem}` }] : [];
}

function budgetConflicts(config: Pick<Config, 'budgets' | 'teams' | 'keys'>): Problem[] {
  const ids = config.keys.map(({ id }) => id);
  const firsts = new Map<string, string>();
  return writtenBudgets(config).flatMap(({ path, budget }) => {
    const { key, each } = budget;
    const first = firsts.get(countedBy(budget));
    if (first === undefined) firsts.set(countedBy(budget), path);
    const problems: Problem[] = [];
    if (key === '*')
      problems.push({ path: `${path}.key`, message: 'expected the id of a key; without one it is for every key' });
    else if (key !== undefined && !ids.includes(key))
      problems.push({ path: `${path}.key`, message: unknownName('key', key, ids) });
    if (each !== undefined && each !== 'endUser' && budget[each] !== undefined)
      problems.push({ path: `${path}.each`, message: `expected ${each} or each: ${each}, got both` });
    if (first !== undefined) problems.push({ path, message: `expected a budget of its own, got what ${first} counts` });
    return problems;
  });
}

/** Rows tell what a budget has spent in the window that runs, so that they stay at least as long. */
function keepConflicts({ keep, ...config }: Pick<Config, 'keep' | 'budgets' | 'teams' | 'keys'>): Problem[] {
  const first = writtenBudgets(config).find(({ budget }) => budget.window === 'month');
  if (keep.ledger === undefined || first === undefined) return [];
  if (millisecondsOf(keep.ledger) >= millisecondsOf(LONGEST_MONTH)) return [];
  return [
    {
      path: 'keep.ledger',
      message: `expected ${LONGEST_MONTH} or more, the window of ${first.path}, got "${keep.ledger}"`,
    },
  ];
}

function keyConflicts(config: Pick<Config, 'keys' | 'classes' | 'hasRehearsalGateway'>): Problem[] {
  return config.keys.flatMap((key, index) => keyClassProblems(key, `keys[${index}].`, config));
}

/** A body larger than the quota would be told to come back for ever. */
function quotaConflicts({ side, access }: Pick<Config, 'side' | 'access'>): Problem[] {
  const { requestBytes } = quotaOfKey(side, access);
  if (side.maxBodyBytes <= requestBytes) return [];
  const whose = access === 'keys' ? "one key's share of side.requestBytes" : 'side.requestBytes';
  const message = `expected at most ${requestBytes}, which is ${whose}, got ${side.maxBodyBytes}`;
  return [{ path: 'side.maxBodyBytes', message }];
}

function webhookConflicts({ webhooks }: Pick<SideConfig, 'webhooks'>): Problem[] {
  return webhooks.flatMap(({ url, allowPrivate }, index) => {
    const message = urlProblem(url, 'https', allowPrivate);
    return message ? [{ path: `webhooks[${index}].url`, message }] : [];
  });
}

function priceConflicts({ prices }: Pick<SideConfig, 'prices'>): Problem[] {
  return Object.entries(prices).flatMap(([model, price]) =>
    Object.values(price).some((usd) => usd !== undefined)
      ? []
      : [{ path: `prices.${model}`, message: 'expected at least one price, in USD per million tokens' }],
  );
}
