// The APIs of an endpoint whose requests and answers pass as they are, with the policy added: https://platform.openai.com/docs/api-reference/embeddings,
// .../moderations, .../responses/compact, and counts of tokens in Anthropic's form, https://docs.anthropic.com/en/api/messages-count-tokens

import { isObject, type JsonObject, parseJson, textAt } from '../../../codecs/json/object.ts';
import { usageOfResponse } from '../../realtime/openai/usage.ts';
import {
  LlmFailure,
  type LlmOutcome,
  type LlmReply,
  type LlmTarget,
  type LlmUsage,
  type NativeApi,
} from '../contract.ts';
import { failureInBody } from '../failure/failure.ts';
import { highestUsd, usageCostUsd, usageOfCounts } from '../usage/usage.ts';
import type { ReadMetadata } from './completions.ts';

interface PassedFacts {
  /** Below the base URL. */
  readonly path: string;
  headers(target: LlmTarget): Readonly<Record<string, string>>;
  /** Fields that carry the policy. */
  fields?(target: LlmTarget): JsonObject;
  readonly readMetadata: ReadMetadata;
  /** Tells an answer from what is none. */
  isAnswer(body: JsonObject): boolean;
  usageOf(body: JsonObject): LlmUsage | undefined;
  readonly costUsd?: number;
}

/** These have no streams. */
function passedApi({ path, headers, fields, readMetadata, isAnswer, usageOf, costUsd }: PassedFacts): NativeApi {
  return {
    toRequest: ({ native }, target) => ({
      url: target.baseUrl.replace(/\/+$/, '') + path,
      headers: { 'content-type': 'application/json', ...headers(target) },
      body: JSON.stringify({ ...native?.body, model: target.model, ...fields?.(target) }),
    }),
    readReply: (reply, model): LlmOutcome => {
      const answer = answerIn(reply, isAnswer);
      const { served, provider, costUsd: told } = readMetadata(reply.headers, answer);
      return {
        completion: answer,
        bytes: reply.body,
        text: '',
        served: served ?? textAt(answer, 'model') ?? model,
        provider,
        usage: usageOf(answer),
        costUsd: costUsd ?? highestUsd(told, usageCostUsd(answer.usage)),
        finish: 'stop',
      };
    },
    readStream: () => {
      throw new LlmFailure('garbled', 'a stream where there is none');
    },
  };
}

/** @throws LlmFailure for an error, and for what is no answer. */
function answerIn({ body }: Pick<LlmReply, 'body'>, isAnswer: PassedFacts['isAnswer']): JsonObject {
  const answer = parseJson(body.toString());
  const failure = failureInBody(answer);
  if (failure) throw failure;
  if (!isObject(answer) || !isAnswer(answer)) throw new LlmFailure('garbled', 'an answer of another kind');
  return answer;
}

type OwnFacts = Pick<PassedFacts, 'headers' | 'fields' | 'readMetadata'>;

const USED_NOTHING: LlmUsage = { inputTokens: 0, outputTokens: 0 };

export const passedEmbeddings = (facts: OwnFacts): NativeApi =>
  passedApi({
    ...facts,
    path: '/embeddings',
    isAnswer: ({ data }) => Array.isArray(data),
    usageOf: ({ usage }) =>
      isObject(usage) ? usageOfCounts(usage, { inputTokens: usage.prompt_tokens, outputTokens: 0 }) : undefined,
  });

/** The answer counts nothing: those that are billed have a price of the configuration by request. */
export const passedModerations = (facts: OwnFacts): NativeApi =>
  passedApi({
    ...facts,
    path: '/moderations',
    isAnswer: ({ results }) => Array.isArray(results),
    usageOf: () => USED_NOTHING,
  });

/** Its output is billed as any other. */
export const passedCompactions = (facts: OwnFacts): NativeApi =>
  passedApi({
    ...facts,
    path: '/responses/compact',
    isAnswer: ({ output }) => Array.isArray(output),
    usageOf: usageOfResponse,
  });

/** Counting is free. https://docs.anthropic.com/en/docs/build-with-claude/token-counting#pricing-and-rate-limits */
export const passedTokenCounts = (facts: OwnFacts): NativeApi =>
  passedApi({
    ...facts,
    path: '/messages/count_tokens',
    isAnswer: ({ input_tokens: count }) => typeof count === 'number',
    usageOf: () => USED_NOTHING,
    costUsd: 0,
  });
