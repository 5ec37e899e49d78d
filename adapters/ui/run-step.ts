// The steps in which a model answers: the few that every protocol of chat UIs has a form for.

import type { JsonObject } from '../../codecs/json/object.ts';

export type RunStep =
  /** `response`: its id. */
  | { readonly kind: 'begin'; readonly response: string; readonly model: string }
  | { readonly kind: 'text-start' | 'text-end'; readonly id: string }
  | { readonly kind: 'text-delta' | 'reasoning-delta' | 'call-delta'; readonly id: string; readonly text: string }
  | { readonly kind: 'reasoning-start'; readonly id: string; readonly item: string }
  /** `encrypted`: what the model needs to go on from here, told at the last part of an item. */
  | {
      readonly kind: 'reasoning-end';
      readonly id: string;
      readonly item: string;
      readonly encrypted: string | undefined;
    }
  | ({ readonly kind: 'call-start' } & ToolCall)
  /** `input`: JSON, or any text of a tool that takes text. */
  | ({ readonly kind: 'call-end'; readonly input: string } & ToolCall)
  /** A tool that the model's own host runs, such as web_search. */
  | { readonly kind: 'hosted-start'; readonly id: string; readonly name: string }
  | { readonly kind: 'hosted-end'; readonly id: string; readonly name: string; readonly item: JsonObject }
  | { readonly kind: 'source'; readonly url: string; readonly title: string | undefined }
  | { readonly kind: 'document'; readonly file: string; readonly name: string }
  | ({ readonly kind: 'end'; readonly finish: Finish } & Used)
  | ({ readonly kind: 'cancelled' } & Used)
  | ({ readonly kind: 'failed'; readonly message: string; readonly code: string | undefined } & Used);

interface ToolCall {
  /** The id under which its output is given. */
  readonly id: string;
  readonly name: string;
  readonly takesText: boolean;
}

/** Why a model ended its answer, in the words of the AI SDK. */
export type Finish = 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'other';

interface Used {
  /** Undefined where it is not reported. */
  readonly usage: TokensUsed | undefined;
}

export interface TokensUsed {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly totalTokens?: number;
  readonly cachedInputTokens?: number;
  readonly reasoningTokens?: number;
}
