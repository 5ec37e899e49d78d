// The contract of catalogues: what an LLM gateway says of the models that it serves, and how a profile asks for it.
// Rule: what an entry does not say is unknown, and what cannot be believed was not said.

import type { JsonObject } from '../../../codecs/json/object.ts';

export interface CatalogueModel {
  /** The name that calls give as `model`. */
  readonly id: string;
  /** The vendor, as the catalogue names it. */
  readonly owner?: string | undefined;
  /** When the model came, in seconds since the epoch. */
  readonly createdS?: number | undefined;
  /** Most tokens of prompt and answer together, or of the prompt alone. */
  readonly contextTokens?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
  /** `text`, `image`, `audio`, `file`, `video`, ... */
  readonly inputModalities?: readonly string[] | undefined;
  readonly outputModalities?: readonly string[] | undefined;
  /** Names of the fields of a call that it takes, such as `tools`. */
  readonly parameters?: readonly string[] | undefined;
  readonly price?: CataloguePrice | undefined;
}

/** USD per million tokens, and per thousand calls and searches, under the names of `prices` in the configuration. */
export interface CataloguePrice {
  readonly input: number;
  readonly output: number;
  readonly cachedInput?: number | undefined;
  readonly cacheWrite?: number | undefined;
  readonly audioInput?: number | undefined;
  readonly audioOutput?: number | undefined;
  readonly request?: number | undefined;
  readonly webSearch?: number | undefined;
}

export interface CataloguePage {
  readonly models: readonly CatalogueModel[];
  /** The query, or the path with its query, of the next page; undefined for the last one. */
  readonly next?: string | undefined;
}

/** The endpoint whose catalogue is asked for: a part of LlmTarget. */
export interface CatalogueTarget {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly settings: Readonly<Record<string, string>>;
}

export interface LlmCatalogue {
  /** The requests (GET) that have a first page, the best one first: the next is made where one is not there or not allowed. */
  requests(
    target: CatalogueTarget,
  ): readonly { readonly url: string; readonly headers: Readonly<Record<string, string>> }[];
  /** Reads a page; undefined for a body that is none. */
  read(body: JsonObject): CataloguePage | undefined;
}
