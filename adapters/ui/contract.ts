// The contract of chat UIs: pure functions that read what a page asks in its protocol, and write what it reads.
// Rule: inside of the side path a chat is a request of OpenAI Responses, and its answer the events of that API's stream.

import type { JsonObject } from '../../codecs/json/object.ts';

/** A request that is none of its protocol. `field`: the place of what is wrong, such as `messages[0].parts`. */
export class UiFault extends Error {
  readonly field: string;
  constructor(field: string, expected: string) {
    super(`${field}: ${expected}`);
    this.field = field;
  }
}

export interface UiRequest {
  /** The page's own name of its chat. */
  readonly chat: string;
  /** A request of OpenAI Responses, as a client writes it. */
  readonly body: JsonObject;
  /** JSON that is kept with the run: what a translator has to know of the request. */
  readonly note: JsonObject;
}

/** Writes the events of one run for a page. The same note and events give the same pieces, so that a resume can skip those that a page has. */
export interface UiTranslator {
  push(event: JsonObject): readonly JsonObject[];
}
