// Decides which targets of a class may serve, and under which terms. The terms of a target are made once, when the process starts: attempts,
// retries and fallbacks all carry the same object, so that none of them can be softer than another.

import type { LlmProfile, LlmTarget, NamedResource } from '../../../adapters/llm/contract.ts';
import { llmProfiles } from '../../../adapters/llm/index.ts';
import { matchesGlob } from '../../../codecs/text/glob.ts';
import { REHEARSAL_NAME } from '../../config/file/words.ts';
import type { ClassConfig, LlmGatewayConfig } from '../../config/side/llm-schema.ts';
import type { SideConfig } from '../../config/side-schema.ts';
import type { CallPath, DataClass, RefusedTarget } from '../../ipc/stored-rows.ts';

export interface Candidate {
  readonly gateway: LlmGatewayConfig;
  readonly profile: LlmProfile;
  readonly model: string;
}

export const callPathOf = ({ gateway, profile }: Omit<Candidate, 'model'>): CallPath => gateway.path ?? profile.path;

/** Regulated text stays on direct targets, and with the rehearsal, which is on this machine. `name`: of the LLM gateway. */
export function mayServeRegulated({ gateways }: Pick<SideConfig, 'gateways'>, name: string): boolean {
  const gateway = gateways[name];
  const profile = gateway && llmProfiles.get(gateway.profile);
  if (gateway === undefined || profile === undefined) return name === REHEARSAL_NAME;
  return callPathOf({ gateway, profile }) === 'direct';
}

/** The configured base URL, else that of the residency, else the profile's own. */
export function baseUrlOf({ gateway, profile }: Omit<Candidate, 'model'>): string | undefined {
  return gateway.baseUrl ?? (gateway.residency === undefined ? profile.baseUrl : profile.regions?.[gateway.residency]);
}

/** The region that requests are kept to: what the configuration says, else what the base URL shows. */
function residencyOf({ gateway, profile }: Omit<Candidate, 'model'>): string | undefined {
  if (gateway.residency !== undefined || gateway.baseUrl === undefined) return gateway.residency;
  const host = hostOf(gateway.baseUrl);
  return Object.entries(profile.regions ?? {}).find(([, url]) => hostOf(url) === host)?.[0];
}

/** Says why the base URL cannot keep to the region that the configuration states; undefined when it can. */
export function residencyObjection({ gateway, profile }: Omit<Candidate, 'model'>): string | undefined {
  const { residency, baseUrl } = gateway;
  if (residency === undefined) return undefined;
  const regional = profile.regions?.[residency];
  if (baseUrl === undefined) {
    return regional || !profile.baseUrl
      ? undefined
      : `expected a baseUrl that keeps to ${residency}: ${profile.name} has none that is known`;
  }
  const known = [profile.baseUrl, ...Object.values(profile.regions ?? {})].flatMap((url) => (url ? [hostOf(url)] : []));
  const isElsewhere =
    known.includes(hostOf(baseUrl)) && (regional === undefined || hostOf(regional) !== hostOf(baseUrl));
  return isElsewhere
    ? `expected a baseUrl that keeps to ${residency}${regional ? `, such as ${regional}` : ''}`
    : undefined;
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : '');

/** Says why a target may never serve its class; undefined when it may. Asked when the configuration is loaded, and again at run time. */
export function targetObjection(candidate: Candidate, terms: ClassConfig): string | undefined {
  const { gateway, profile, model } = candidate;
  const path = callPathOf(candidate);
  if (terms.path !== undefined && path !== terms.path)
    return `its path is ${path}, the class allows ${terms.path} only`;
  if (terms.allow.models && !terms.allow.models.some((pattern) => matchesGlob(pattern, model)))
    return `the model "${model}" fits none of allow.models`;
  if (terms.allow.providers) {
    const fault = providerObjection(candidate, terms.allow.providers);
    if (fault) return fault;
  }
  if (terms.retention === 'zdr' && gateway.retention !== 'zdr' && !profile.canPromise?.retention?.includes('zdr'))
    return 'the class wants retention zdr, and nothing says that this target keeps nothing (retention: zdr of its gateway would)';
  if (terms.residency === undefined) return undefined;
  const residency = residencyOf(candidate);
  const fault = residencyObjection(candidate);
  if (fault) return fault;
  if (residency === terms.residency) return undefined;
  return `the class wants residency ${terms.residency}, this target has ${residency ?? 'none that is known'}`;
}

/** The same of a pattern: why none of its models may ever serve the class. Each model is asked about by itself later. */
export function patternObjection({ gateway, profile, model }: Candidate, terms: ClassConfig): string | undefined {
  const { providers } = terms.allow;
  // Where the provider is known by the model, each model tells.
  const isCertainLater = profile.provider !== undefined && profile.canPromise?.providers !== true;
  const allow = { ...terms.allow, models: undefined, providers: isCertainLater ? undefined : providers };
  return targetObjection({ gateway, profile, model }, { ...terms, allow });
}

/** A list of providers holds where the gateway enforces it for each request, or where it is certain who serves. */
function providerObjection({ gateway, profile, model }: Candidate, allowed: readonly string[]): string | undefined {
  if (profile.canPromise?.providers) return undefined;
  const provider = profile.provider?.(model, gateway.settings);
  if (provider === undefined) return 'the class has allow.providers, and nothing says who serves behind this target';
  return allowed.includes(provider) ? undefined : `"${provider}" is not in allow.providers`;
}

/** Says why nobody may run the tools that a call leaves to whoever serves: they send the text to others, or keep it. */
export function hostedToolsObjection(
  terms: Pick<ClassConfig, 'retention' | 'residency'>,
  { dataClass, tools }: { readonly dataClass: DataClass; readonly tools: readonly string[] | undefined },
): string | undefined {
  if (tools === undefined) return undefined;
  const rule =
    dataClass === 'regulated'
      ? 'regulated text stays on direct targets'
      : terms.retention === 'zdr'
        ? 'the class wants retention zdr'
        : terms.residency !== undefined
          ? `the class wants residency ${terms.residency}`
          : undefined;
  return rule && `${rule}, so no text goes to the tools ${tools.join(', ')}`;
}

/** Finds what tools that the provider runs name and the class does not list: any key could name what lies at a shared account, and a server is sent text. */
export function resourceObjection(
  { allow }: Pick<ClassConfig, 'allow'>,
  named: readonly NamedResource[] = [],
): NamedResource | undefined {
  return named.find(({ name }) => !allow.resources.some((pattern) => matchesGlob(pattern, name)));
}

interface TermsOptions {
  readonly candidate: Candidate;
  readonly terms: ClassConfig;
  /** The base URL of the rehearsal, whose port changes. */
  readonly baseUrl?: string | undefined;
  readonly maxPrice?: LlmTarget['maxPrice'];
}

/** The frozen terms that a profile is told with every request to a target. */
export function termsOf({ candidate, terms, baseUrl, maxPrice }: TermsOptions): LlmTarget {
  const { gateway, model, profile } = candidate;
  const isKept = gateway.retention !== 'zdr' && terms.retention !== 'zdr';
  return Object.freeze({
    baseUrl: baseUrl ?? baseUrlOf(candidate) ?? '',
    apiKey: gateway.apiKey ?? '',
    model,
    retention: isKept ? (terms.retention ?? gateway.retention) : ('zdr' as const),
    residency: terms.residency ?? gateway.residency,
    providers: profile.canPromise?.providers ? terms.allow.providers : undefined,
    maxPrice,
    settings: gateway.settings,
  });
}

/** The terms of the rehearsal, whose port changes when its process starts anew. */
export function rehearsalTerms(candidate: Candidate, terms: ClassConfig, urlNow: () => string | undefined) {
  let last: { readonly url: string; readonly terms: LlmTarget } | undefined;
  return () => {
    const url = urlNow();
    if (url === undefined) return undefined;
    if (last?.url !== url) {
      const base = url.replace(/^ws/, 'http').replace(/\/+$/, '');
      last = { url, terms: termsOf({ candidate, terms, baseUrl: base.endsWith('/v1') ? base : `${base}/v1` }) };
    }
    return last.terms;
  };
}

export interface Choosable {
  readonly gatewayName: string;
  readonly model: string;
  readonly path: CallPath;
  /** The rehearsal runs here: no text leaves the machine. */
  readonly isRehearsal?: boolean;
  /** The reason why it may never serve its class. */
  readonly objection: string | undefined;
}

interface Chosen<T> {
  readonly allowed: readonly T[];
  readonly refused: readonly RefusedTarget[];
}

/** Picks the targets for a call, in order: those of the model that the client named come first. */
export function chooseTargets<T extends Choosable>(
  targets: readonly T[],
  call: { readonly dataClass: DataClass; readonly model: string | undefined },
): Chosen<T> {
  const allowed: T[] = [];
  const refused: RefusedTarget[] = [];
  for (const target of targets) {
    const reason = target.objection ?? dataObjection(target, call.dataClass);
    if (reason === undefined) allowed.push(target);
    else refused.push({ target: `${target.gatewayName}/${target.model}`, reason });
  }
  return { allowed: call.model === undefined ? allowed : namedFirst(allowed, call.model), refused };
}

function dataObjection({ path, isRehearsal = false }: Choosable, dataClass: DataClass): string | undefined {
  return dataClass === 'regulated' && path !== 'direct' && !isRehearsal
    ? 'regulated text stays on direct targets'
    : undefined;
}

/** Tells whether a client's name for a model means this target: its model, or `<gateway>/<model>`. */
export const isNamed = ({ gatewayName, model }: Choosable, name: string): boolean =>
  name === model || name === `${gatewayName}/${model}`;

function namedFirst<T extends Choosable>(targets: readonly T[], name: string): T[] {
  const named = targets.filter((target) => isNamed(target, name));
  return [...named, ...targets.filter((target) => !named.includes(target))];
}
