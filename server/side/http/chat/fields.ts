// Sorts the fields of a call: those that go on, those that choose what only the class may choose, and those that change nothing
// here, such as what voice platforms add of their own. Rule: nothing goes on that is not in the list.

import type { JsonObject } from '../../../../codecs/json/object.ts';
import { type HttpProblem, invalidRequest } from '../../../http/problem.ts';

/** The fields that requests of one form have. */
export interface KnownFields {
  /** Those that go on as they are. */
  readonly forwarded: readonly string[];
  /** Those that are read here, and do not. */
  readonly read: readonly string[];
  /** The end of a sentence about what was expected. */
  readonly expected: string;
}

const FORWARDED_FIELDS = [
  ...['tools', 'tool_choice', 'parallel_tool_calls', 'functions', 'function_call', 'response_format'],
  ...['stop', 'seed', 'top_p', 'top_k', 'min_p', 'presence_penalty', 'frequency_penalty', 'repetition_penalty'],
  ...['logit_bias', 'logprobs', 'top_logprobs', 'reasoning_effort', 'reasoning', 'thinking', 'verbosity'],
  ...['prediction', 'prompt_cache_key', 'safety_identifier', 'user', 'stream_options'],
];

export const CHAT_FIELDS: KnownFields = {
  forwarded: FORWARDED_FIELDS,
  read: ['model', 'messages', 'max_tokens', 'max_completion_tokens', 'temperature', 'stream', 'n', 'store'],
  expected: 'fields of a chat completion',
};

/** Fields by which routers and providers choose who serves, what is kept, what is searched or said, or what it costs. */
const CHOOSING_FIELDS = [
  ...['models', 'provider', 'providers', 'provider_options', 'providerOptions', 'route', 'routing', 'preset'],
  ...['gateway', 'fallbacks', 'fallback_models', 'context_window_fallbacks', 'transforms', 'plugins', 'zdr'],
  ...['data_collection', 'max_price', 'region', 'residency', 'base_url', 'baseUrl', 'organization'],
  ...['custom_llm_provider', 'deployment_id'],
  ...['extra_headers', 'headers', 'num_retries', 'mock_response', 'model_list', 'router_settings', 'user_config'],
  ...['cache', 'no-log', 'guardrails', 'web_search_options', 'web_search', 'search_parameters', 'enable_search'],
  ...['audio', 'background', 'previous_response_id', 'conversation', 'mcp_servers', 'container', 'inference_geo'],
  ...['data_sources', 'cached_content', 'cachedContent', 'speed'],
];
const CHOOSING_PREFIX = /^(api|aws|azure|vertex|litellm|mock_testing)_/;

/** Values of fields that else choose something: with these, what holds anyway is said. */
const INERT_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  service_tier: ['auto', 'default', 'standard', 'standard_only'],
  prompt_cache_retention: ['in_memory', 'in-memory'],
};

interface SortedFields {
  /** The fields that go on. */
  readonly extra: JsonObject;
  /** Names of those that do not. */
  readonly dropped: readonly string[];
}

/** Sorts the fields that have a value. `unknownFields`: what happens to those that change nothing here. */
export function sortFields(
  body: JsonObject,
  { forwarded, read, expected, unknownFields }: KnownFields & { readonly unknownFields: 'refuse' | 'drop' },
): SortedFields | HttpProblem {
  const given = Object.entries(body).filter(([, value]) => value !== null && value !== undefined);
  const others = given.filter(([name]) => !read.includes(name) && !forwarded.includes(name));
  for (const [name, value] of others) {
    const isInert = isInertValue(name, value);
    if (isInert === false || (isInert === undefined && isChoosing(name)))
      return refused(name, 'is for the class to say, not for the call');
    if (isInert === undefined && unknownFields === 'refuse')
      return refused(name, `not passed on by this gateway; expected ${expected}`);
  }
  const extra = Object.fromEntries(given.filter(([name]) => forwarded.includes(name)));
  return { extra, dropped: others.map(([name]) => name) };
}

/** Tells for fields whose value decides whether this one changes nothing; undefined for all other fields. */
function isInertValue(name: string, value: unknown): boolean | undefined {
  if (name === 'modalities') return Array.isArray(value) && value.every((one) => one === 'text');
  if (Object.hasOwn(INERT_VALUES, name)) return INERT_VALUES[name]?.includes(value);
  return isChoosing(name) && choosesNothing(value) ? true : undefined;
}

/** An empty object is no such value: that of `web_search_options` asks for a search. */
const choosesNothing = (value: unknown): boolean =>
  value === false || value === '' || (Array.isArray(value) && value.length === 0);

const isChoosing = (name: string): boolean => CHOOSING_FIELDS.includes(name) || CHOOSING_PREFIX.test(name);

function refused(field: string, why: string): HttpProblem {
  const name = field.slice(0, 80);
  return invalidRequest(`${name}: ${why}`, name);
}
