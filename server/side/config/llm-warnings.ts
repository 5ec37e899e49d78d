// LLM gateways, targets and classes that can never serve, though each setting by itself is right.

import type { LlmProfile } from '../../../adapters/llm/contract.ts';
import { llmProfiles } from '../../../adapters/llm/index.ts';
import type { Config } from '../../config/config.ts';
import type { Problem } from '../../config/problem.ts';
import type { AliasConfig, ClassConfig, LlmGatewayConfig } from '../../config/side/llm-schema.ts';
import type { BudgetConfig } from '../../config/side-schema.ts';
import { type WrittenBudget, writtenBudgets } from '../billing/budgets/own-budgets.ts';
import { createPrices, type Prices } from '../billing/prices.ts';
import { cataloguedGateways } from '../llm/catalogue/known.ts';
import { baseUrlOf, callPathOf } from '../llm/policy.ts';

type LlmConfig = Pick<Config, 'gateways' | 'classes' | 'aliases' | 'budgets' | 'teams' | 'keys' | 'prices'>;

interface Context extends Pick<LlmConfig, 'gateways' | 'classes'> {
  readonly budgets: readonly WrittenBudget[];
  readonly prices: Prices;
  /** LLM gateways whose catalogue is fetched. */
  readonly catalogued: ReadonlyMap<string, LlmGatewayConfig>;
}

export function llmWarnings(config: LlmConfig): Problem[] {
  const { gateways, classes } = config;
  if (Object.keys(gateways).length === 0) return [];
  const catalogued = cataloguedGateways(config);
  const context = {
    ...{ gateways, classes, catalogued },
    ...{ budgets: writtenBudgets(config), prices: createPrices(config.prices) },
  };
  return [
    ...Object.entries(gateways).flatMap(([name, gateway]) => gatewayWarnings(name, gateway, context)),
    ...Object.entries(classes).flatMap(([name, terms]) => [
      ...ceilingWarnings(name, terms, context),
      ...terms.targets.flatMap((target, index) => {
        const problem = priceProblem(name, target, context);
        return problem === undefined ? [] : [{ path: `classes.${name}.targets[${index}]`, message: problem }];
      }),
      ...hedgeWarnings(name, terms),
      ...escalateWarnings(name, terms),
      ...orderWarnings(name, terms),
    ]),
    ...Object.entries(config.aliases).flatMap(([name, alias]) => aliasWarnings(name, alias)),
    ...context.budgets.flatMap(({ path, budget: { maxUsd } }) =>
      maxUsd === 0 ? [{ path: `${path}.maxUsd`, message: 'no call that costs anything fits into 0 USD' }] : [],
    ),
  ];
}

function gatewayWarnings(name: string, gateway: LlmGatewayConfig, { classes }: Context): Problem[] {
  const at = `gateways.${name}`;
  const profile = llmProfiles.get(gateway.profile);
  const isAsked = Object.values(classes).some(({ targets }) => targets.some((target) => target.gateway === name));
  const host = profile && hostProblem(gateway, profile);
  return [
    ...(isAsked ? [] : [{ path: at, message: 'it is never asked: no class has a target there' }]),
    ...(host === undefined ? [] : [{ path: `${at}.baseUrl`, message: host }]),
  ];
}

/** A profile on the host of another one writes requests that are refused there, or tells a router from a contract wrongly. */
function hostProblem(gateway: LlmGatewayConfig, profile: LlmProfile): string | undefined {
  const url = baseUrlOf({ gateway, profile });
  const owner = [...llmProfiles.values()].find((other) => url !== undefined && hostsOf(other).includes(hostOf(url)));
  if (owner === undefined || owner === profile) return undefined;
  const isDirect = callPathOf({ gateway, profile }) === 'direct';
  if (isDirect && owner.path === 'routed')
    return `this host is a router, which chooses who serves: expected the profile ${owner.name}`;
  // The form that both share is served there too.
  if (profile.name === 'openai-compatible') return undefined;
  return `this host does not take requests of ${profile.name}: expected the profile ${owner.name}`;
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : '');

const hostsOf = ({ baseUrl, regions = {} }: LlmProfile): readonly string[] =>
  [baseUrl, ...Object.values(regions)].flatMap((url) => (url === undefined ? [] : [hostOf(url)]));

/** Says what comes of a target whose price is not known, where that matters. */
function priceProblem(
  name: string,
  { gateway, model, priceAs }: ClassConfig['targets'][number],
  { gateways, classes, budgets, prices, catalogued }: Context,
): string | undefined {
  // A catalogue that is fetched has prices, or has none, which a call finds out.
  if (catalogued.has(gateway)) return undefined;
  const priced = priceAs ?? model;
  if (prices.ceiling(priced, gateways[gateway]?.profile ?? '') !== undefined) return undefined;
  const terms = classes[name];
  const unknown = `the price of ${priced} is not known`;
  const counting = budgets.find(({ budget }) => budget.class === undefined || budget.class === name);
  const rule = terms?.maxUsdPerCall === undefined ? counting?.path : 'maxUsdPerCall';
  if (terms?.unknownPrice === 'refuse' && rule !== undefined) {
    const calls = terms.maxUsdPerCall === undefined ? callsOf(counting?.budget) : 'calls';
    return `${calls} are refused: ${unknown}, and ${rule} applies; expected prices.${priced}, priceAs, or unknownPrice: allow`;
  }
  return priceAs === undefined ? undefined : `priceAs gives it no price: ${unknown}; expected prices.${priceAs}`;
}

function callsOf({ key, team }: Pick<BudgetConfig, 'key' | 'team'> = {}): string {
  if (key !== undefined) return `calls of the key ${key}`;
  return team === undefined ? 'calls' : `calls of the team ${team}`;
}

/** A ceiling that one token in and one out are above, on every target. */
function ceilingWarnings(name: string, terms: ClassConfig, { gateways, prices }: Context): Problem[] {
  const { targets, maxUsdPerCall = Number.POSITIVE_INFINITY } = terms;
  const leastMicroUsd = targets.map(({ gateway, model, priceAs = model }) => {
    const ceiling = prices.ceiling(priceAs, gateways[gateway]?.profile ?? '');
    return ceiling === undefined ? 0 : ceiling.input + ceiling.output;
  });
  const isTooLow = leastMicroUsd.every((least) => least > maxUsdPerCall * 1e6);
  const message = `no call fits: two tokens cost ${Math.min(...leastMicroUsd) / 1e6} USD or more`;
  return isTooLow ? [{ path: `classes.${name}.maxUsdPerCall`, message }] : [];
}

function escalateWarnings(name: string, { targets, fallback, escalate }: ClassConfig): Problem[] {
  if (escalate === undefined || (targets.length > 1 && fallback)) return [];
  return [{ path: `classes.${name}.escalate`, message: 'there is no other target that could be asked' }];
}

/** One target is the first by any rule. */
function orderWarnings(name: string, { targets, order, minQuality }: ClassConfig): Problem[] {
  if (targets.length > 1) return [];
  const ruled = order === 'order' ? [] : [{ path: 'order', message: 'it orders nothing: the class has one target' }];
  const judged = { path: 'minQuality', message: 'it orders nothing: there is no other target that could come first' };
  const idle = minQuality === undefined ? ruled : [...ruled, judged];
  return idle.map(({ path, message }) => ({ path: `classes.${name}.${path}`, message }));
}

function aliasWarnings(name: string, { targets: [first, ...others] }: AliasConfig): Problem[] {
  if (others.length > 0 || first?.weight === undefined) return [];
  return [{ path: `aliases.${name}.targets[0].weight`, message: 'nothing is drawn: the alias has one target' }];
}

function hedgeWarnings(name: string, { targets, fallback, hedgeMs, timeoutMs, deadlineMs }: ClassConfig): Problem[] {
  if (hedgeMs === undefined) return [];
  const path = `classes.${name}.hedgeMs`;
  if (targets.length === 1 || !fallback) return [{ path, message: 'there is no other target that could be asked' }];
  const first = Math.min(deadlineMs, targets[0]?.timeoutMs ?? timeoutMs);
  return hedgeMs < first
    ? []
    : [{ path, message: `it never passes: the first target is given up after ${first} ms of silence` }];
}
