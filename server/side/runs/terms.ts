// Tells whether a response may be kept, as its request wants it: responses are kept as the text of sessions is.

import type { LlmCall } from '../../../adapters/llm/contract.ts';
import type { JsonObject } from '../../../codecs/json/object.ts';
import type { SideConfig } from '../../config/side-schema.ts';
import type { HttpProblem } from '../../http/problem.ts';
import type { Requester } from '../../ipc/side-request.ts';
import type { DataClass } from '../../ipc/stored-rows.ts';

/** A checked request in the form of Responses. */
export interface CheckedRequest {
  /** The items of the request itself. */
  readonly items: readonly JsonObject[];
  readonly previousResponseId: string | undefined;
  /** A response is stored where the request does not say, as the API has it. */
  readonly store: boolean;
  readonly background: boolean;
  readonly isStreamed: boolean;
  /** The app's own name for its user. */
  readonly endUser?: string | undefined;
  /** The limit of an answer that is not the client's own. */
  readonly addedMaxTokens: number | undefined;
  /** Names of fields that change nothing here, and do not go on. */
  readonly dropped: readonly string[];
  /** The fields that its response repeats. */
  readonly body: JsonObject;
  /** Makes the call. `items`: all of it, those of earlier responses before its own. `id`: that of the response. */
  call(items: readonly JsonObject[], id: string | undefined): LlmCall;
}

export interface ResponseTerms {
  /** The response is kept under its id when it has ended. */
  readonly isKept: boolean;
  /** Its text may be in the store. */
  readonly mayStore: boolean;
}

interface StoreRules {
  readonly config: Pick<SideConfig, 'transcripts' | 'regulated'>;
  readonly requester: Requester;
  readonly dataClass: DataClass;
}

export function responseTerms(
  { store, background, body }: CheckedRequest,
  rules: StoreRules,
): ResponseTerms | HttpProblem {
  const why = storingRefused(rules);
  if (why === undefined) return { isKept: store, mayStore: true };
  if (body.store === true) return notStored('store', why);
  if (background) return notStored('background', why);
  return { isKept: false, mayStore: false };
}

/** Says why nothing of a call may be in the store; undefined: it may. */
function storingRefused({ config, requester, dataClass }: StoreRules): string | undefined {
  if (config.transcripts === 'off') return 'no text is kept here (transcripts: off)';
  if (requester.settings?.transcripts === 'off') return 'no text of this key is kept (transcripts: off)';
  if (dataClass === 'regulated' && !config.regulated.store) return 'no regulated text is kept (regulated.store: false)';
  return undefined;
}

const notStored = (param: string, why: string): HttpProblem => ({
  status: 400,
  code: 'not_stored',
  message: `${param}: expected false, since ${why}`,
  param,
  shouldRetry: false,
});
