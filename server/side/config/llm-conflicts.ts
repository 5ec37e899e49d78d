// Conflicts in the settings of LLM gateways and classes. A target that could never serve its class is refused when the configuration is loaded,
// not when a call is made.

import type { LlmProfile } from '../../../adapters/llm/contract.ts';
import { llmProfiles } from '../../../adapters/llm/index.ts';
import { isGlob } from '../../../codecs/text/glob.ts';
import { unknownName } from '../../../codecs/text/nearest-names.ts';
import { baseUrlProblem } from '../../config/file/outbound-url.ts';
import { REHEARSAL_NAME } from '../../config/file/words.ts';
import { type Problem, unknownKey } from '../../config/problem.ts';
import type { ClassConfig, LlmGatewayConfig } from '../../config/side/llm-schema.ts';
import type { SideConfig } from '../../config/side-schema.ts';
import { baseUrlOf, patternObjection, residencyObjection, targetObjection } from '../llm/policy.ts';
import { difficultyConflicts } from './difficulty-conflicts.ts';
import { orderConflicts } from './order-conflicts.ts';
import { wordsConflicts } from './words-conflicts.ts';

/** The profile whose endpoint may serve itself or be a router; only its operator knows. All other routers choose who serves. */
const MAY_BE_EITHER = 'openai-compatible';

export function gatewayConflicts({ gateways }: Pick<SideConfig, 'gateways'>): Problem[] {
  return Object.entries(gateways).flatMap(([name, gateway]) => {
    const at = `gateways.${name}`;
    const profile = llmProfiles.get(gateway.profile);
    return [...reservedNameConflicts(name, at), ...(profile ? conflictsOf(gateway, profile, at) : [])];
  });
}

const reservedNameConflicts = (name: string, path: string): Problem[] =>
  name === REHEARSAL_NAME
    ? [{ path, message: `expected another name, got "${REHEARSAL_NAME}", which is that of the rehearsal` }]
    : [];

function conflictsOf(gateway: LlmGatewayConfig, profile: LlmProfile, at: string): Problem[] {
  const candidate = { gateway, profile };
  const baseUrl = baseUrlOf(candidate);
  const residency = residencyObjection(candidate);
  const problems: Problem[] = [];
  if (residency) problems.push({ path: `${at}.baseUrl`, message: residency });
  else if (baseUrl === undefined)
    problems.push({ path: `${at}.baseUrl`, message: `missing, expected the URL of this ${profile.name}` });
  const url =
    gateway.baseUrl === undefined ? undefined : baseUrlProblem(gateway.baseUrl, 'https', gateway.allowPrivate);
  if (url) problems.push({ path: `${at}.baseUrl`, message: url });
  if (gateway.apiKey === undefined)
    problems.push({
      path: `${at}.apiKey`,
      message: 'missing, expected a credential (any word, where the endpoint wants none)',
    });
  if (gateway.path === 'direct' && profile.path === 'routed' && profile.name !== MAY_BE_EITHER)
    problems.push({
      path: `${at}.path`,
      message: `expected routed, got "direct": ${profile.name} chooses who serves (an endpoint of your own that serves itself has the profile ${MAY_BE_EITHER})`,
    });
  return [...problems, ...settingConflicts(gateway, profile, at)];
}

/** Whether an endpoint is asked in a client's form, or in chat completions. */
const FORM_USES = ['native', 'translated'];

function settingConflicts({ settings }: LlmGatewayConfig, profile: LlmProfile, at: string): Problem[] {
  const forms = Object.keys(profile.native ?? {});
  const known = [...(profile.settings?.known ?? []), ...forms];
  const { required = [] } = profile.settings ?? {};
  const unknown = Object.keys(settings).filter((key) => !known.includes(key));
  const misspelt = forms.filter((key) => settings[key] !== undefined && !FORM_USES.includes(settings[key]));
  const missing = required.filter((key) => !settings[key]);
  return [
    ...unknown.map((key) => ({
      path: `${at}.settings.${key}`,
      message: known.length > 0 ? unknownKey(key, known) : `unknown key: ${profile.name} has no settings`,
    })),
    ...misspelt.map((key) => ({
      path: `${at}.settings.${key}`,
      message: `expected ${FORM_USES.join(' or ')}, got "${settings[key]}"`,
    })),
    ...missing.map((key) => ({ path: `${at}.settings.${key}`, message: `missing, ${profile.name} needs it` })),
  ];
}

export function classConflicts({ classes, gateways }: Pick<SideConfig, 'classes' | 'gateways'>): Problem[] {
  return Object.entries(classes).flatMap(([name, terms]) => [
    ...reservedNameConflicts(name, `classes.${name}`),
    ...terms.targets.flatMap((target, index) => {
      const path = `classes.${name}.targets[${index}]`;
      const isRepeated = terms.targets
        .slice(0, index)
        .some(({ gateway, model }) => gateway === target.gateway && model === target.model);
      if (isRepeated) return [{ path, message: 'expected a target of its own, got one of before again' }];
      return targetConflicts(target, terms, { gateways, path });
    }),
    ...orderConflicts(terms, `classes.${name}`, classes),
    ...difficultyConflicts(name, classes),
    ...wordsConflicts(`classes.${name}`, terms, { classes, gateways }),
  ]);
}

function targetConflicts(
  { gateway: name, model, priceAs }: ClassConfig['targets'][number],
  terms: ClassConfig,
  { gateways, path }: { readonly gateways: SideConfig['gateways']; readonly path: string },
): Problem[] {
  const gateway = Object.hasOwn(gateways, name) ? gateways[name] : undefined;
  if (!gateway) return [{ path: `${path}.gateway`, message: unknownName('gateway', name, Object.keys(gateways)) }];
  const profile = llmProfiles.get(gateway.profile);
  const objection = isGlob(model) ? patternObjection : targetObjection;
  const message = profile && objection({ gateway, profile, model }, terms);
  if (isGlob(model) && gateway.catalogue?.off === true)
    return [
      {
        path: `${path}.model`,
        message: `a pattern needs the catalogue of ${name}, and gateways.${name}.catalogue.off is true`,
      },
    ];
  if (isGlob(model) && priceAs !== undefined)
    return [{ path: `${path}.priceAs`, message: 'expected none: a pattern stands for models of many prices' }];
  return message ? [{ path, message: `expected a target that may serve this class: ${message}` }] : [];
}
