// Makes the profile of an endpoint of the chat completions form out of its differences from the others.

import type { JsonObject } from '../../../codecs/json/object.ts';
import type { CatalogueTarget, LlmCatalogue } from '../catalogue/contract.ts';
import { readList } from '../catalogue/list.ts';
import { passedStream } from '../chat/stream.ts';
import type { LlmCall, LlmProfile, LlmTarget } from '../contract.ts';
import { type NativeMessagesFacts, nativeMessages } from '../messages/native.ts';
import { type NativeFacts, nativeResponses } from '../responses/native.ts';
import { completionsBody, createCompletionsReader, type ReadMetadata, readCompletion } from './completions.ts';
import { passedCompactions, passedEmbeddings, passedModerations } from './passed.ts';

/** Fields that carry the policy. */
interface PassedFields {
  fields?(target: LlmTarget): JsonObject;
}

interface CompletionsFacts extends Omit<LlmProfile, 'toRequest' | 'readReply' | 'readStream' | 'catalogue'> {
  /** URL of the endpoint; `<base URL>/chat/completions` when not given. */
  url?(target: LlmTarget): string;
  /** Headers beside the content type; `Authorization: Bearer` when not given. */
  headers?(target: LlmTarget): Readonly<Record<string, string>>;
  /** Fields that carry the policy. A value of undefined removes a field. */
  fields?(call: LlmCall, target: LlmTarget): JsonObject;
  readonly readMetadata: ReadMetadata;
  /** The Responses API, where the endpoint has it. Its `fields` carry the policy there. */
  readonly responses?: Pick<NativeFacts, 'url' | 'fields' | 'isOptional'>;
  /** Anthropic's Messages API, where the endpoint has it. */
  readonly messages?: Pick<NativeMessagesFacts, 'url' | 'fields' | 'isOptional'>;
  /** Embeddings in OpenAI's form, where the endpoint has them. */
  readonly embeddings?: PassedFields;
  readonly moderations?: PassedFields;
  /** Compactions of the Responses API, where the endpoint has them. */
  readonly compactions?: PassedFields;
  readonly catalogue?: CatalogueFacts;
}

interface CatalogueFacts extends Partial<Pick<LlmCatalogue, 'read'>> {
  /** URLs of the first page, the best one first; `<base URL>/models` when not given. */
  urls?(target: CatalogueTarget): readonly string[];
}

export function completionsProfile(facts: CompletionsFacts): LlmProfile {
  const {
    url,
    headers = bearerHeader,
    fields,
    readMetadata,
    responses,
    messages,
    embeddings,
    moderations,
    compactions,
    catalogue = {},
    ...rest
  } = facts;
  const messagesHeaders = (target: LlmTarget) => ({ 'anthropic-version': '2023-06-01', ...headers(target) });
  return {
    ...rest,
    catalogue: {
      requests: (target) => {
        const all = catalogue.urls?.(target) ?? [modelsUrl(target)];
        return all.map((from) => ({ url: from, headers: headers({ ...target, model: '' }) }));
      },
      read: catalogue.read ?? ((body) => readList(body)),
    },
    native: {
      ...(responses && { responses: nativeResponses({ ...responses, headers, readMetadata }) }),
      ...(messages && { messages: nativeMessages({ ...messages, headers: messagesHeaders, readMetadata }) }),
      ...(embeddings && { embeddings: passedEmbeddings({ ...embeddings, headers, readMetadata }) }),
      ...(moderations && { moderations: passedModerations({ ...moderations, headers, readMetadata }) }),
      ...(compactions && { compactions: passedCompactions({ ...compactions, headers, readMetadata }) }),
    },
    toRequest: (call, target) => ({
      url: url?.(target) ?? completionsUrl(target),
      headers: { 'content-type': 'application/json', ...headers(target) },
      body: JSON.stringify(completionsBody(call, target, fields?.(call, target))),
    }),
    readReply: (reply, model) => readCompletion(reply, model, readMetadata),
    readStream: (streamHeaders, call, model) =>
      passedStream(createCompletionsReader({ headers: streamHeaders, call, model, readMetadata }), { call, model }),
  };
}

export const completionsUrl = ({ baseUrl }: Pick<LlmTarget, 'baseUrl'>): string =>
  `${baseUrl.replace(/\/+$/, '')}/chat/completions`;

export const modelsUrl = ({ baseUrl }: Pick<LlmTarget, 'baseUrl'>): string => `${baseUrl.replace(/\/+$/, '')}/models`;

/** The header of the key; none for an empty key, since private endpoints often need no key. */
export const bearerHeader = ({ apiKey }: Pick<LlmTarget, 'apiKey'>): Readonly<Record<string, string>> =>
  apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` };

/** The vendor in a model's name: `openai` of `openai/gpt-5`; undefined when there is none. */
export function vendorOf(model: string): string | undefined {
  const slash = model.indexOf('/');
  return slash > 0 ? model.slice(0, slash) : undefined;
}
