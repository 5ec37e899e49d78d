// Makes a profile of what sets an endpoint of the chat completions form apart from the others.

import type { JsonObject } from '../../../codecs/json-object.ts';
import type { LlmCall, LlmProfile, LlmTarget } from '../contract.ts';
import { failureOfReply } from '../failure.ts';
import { completionsBody, completionsStream, type ReadMetadata, readCompletion } from './completions.ts';

type Facts = Pick<LlmProfile, 'name' | 'path' | 'baseUrl' | 'regions' | 'canPromise' | 'provider' | 'settings'>;

export interface CompletionsFacts extends Facts {
  /** The URL of the endpoint; `<base URL>/chat/completions` when not given. */
  url?(target: LlmTarget): string;
  /** Beside the content type; `Authorization: Bearer` when not given. */
  headers?(target: LlmTarget): Readonly<Record<string, string>>;
  /** Fields that carry the policy; a value of undefined removes a field. */
  fields?(call: LlmCall, target: LlmTarget): JsonObject;
  readonly readMetadata?: ReadMetadata;
}

const nothingBeside: ReadMetadata = () => ({});

export function completionsProfile(facts: CompletionsFacts): LlmProfile {
  const { url, headers, fields, readMetadata: readBeside = nothingBeside, ...rest } = facts;
  return {
    ...rest,
    toRequest: (call, target) => ({
      url: url?.(target) ?? completionsUrl(target),
      headers: { 'content-type': 'application/json', ...(headers?.(target) ?? bearerHeader(target)) },
      body: JSON.stringify(completionsBody(call, target, fields?.(call, target))),
    }),
    readReply: (reply) => readCompletion(reply, readBeside),
    readStream: (streamHeaders, call) => completionsStream({ headers: streamHeaders, call, readBeside }),
    readFailure: failureOfReply,
  };
}

export const completionsUrl = ({ baseUrl }: Pick<LlmTarget, 'baseUrl'>): string =>
  `${baseUrl.replace(/\/+$/, '')}/chat/completions`;

/** A key of '' is none: endpoints of one's own often want none. */
export const bearerHeader = ({ apiKey }: Pick<LlmTarget, 'apiKey'>): Readonly<Record<string, string>> =>
  apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` };

/** `openai` of `openai/gpt-5`; undefined for a name without one. */
export function vendorOf(model: string): string | undefined {
  const slash = model.indexOf('/');
  return slash > 0 ? model.slice(0, slash) : undefined;
}
