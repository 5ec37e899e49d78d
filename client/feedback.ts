// Tells the gateway how good an answer or a session was: `POST /v1/feedback` in docs/openapi.yaml.

import type { Credential } from './dial.ts';
import { postJson } from './request.ts';

/** The id of what it is about, which the same key was answered or opened. */
export type FeedbackAbout =
  /** Header `x-trunkline-attempt` of an answer. */
  | { readonly attempt: string; readonly response?: never; readonly session?: never }
  /** Id of a response (`resp_...`). */
  | { readonly response: string; readonly attempt?: never; readonly session?: never }
  /** Header `x-trunkline-session` of a 101, or the id that the client gave the session. */
  | { readonly session: string; readonly attempt?: never; readonly response?: never };

export type FeedbackOptions = FeedbackAbout & {
  /** Address of the gateway, such as `https://gateway.example.com`. */
  readonly gateway: string;
  readonly credential: Credential;
  /** From 0 to 1, where 1 is best. */
  readonly score: number;
  /** A short name such as `helpful`, of 100 characters at most. */
  readonly label?: string;
  /** Text of 4,000 characters at most. */
  readonly comment?: string;
  /** A name of the app's own: feedback that is sent again under the same one counts once, as it was first. */
  readonly id?: string;
  readonly fetch?: typeof fetch;
};

/** Feedback as it is kept. */
export interface KeptFeedback {
  readonly id: string;
  /** Id of the row of the ledger that it is about. */
  readonly row: string;
  readonly at: string;
  readonly score: number;
  readonly label?: string;
  readonly comment?: string;
  /** False where there is none, or where its text is not kept: about regulated words, and for keys without transcripts. */
  readonly isCommentKept: boolean;
}

/** Resolves with what is kept of it. @throws GatewayProblem where the gateway refuses or cannot be reached; or what `credential` throws. */
export async function feedback({ gateway, credential, fetch, ...given }: FeedbackOptions): Promise<KeptFeedback> {
  return (await postJson('/v1/feedback', given, { gateway, credential, fetch })) as KeptFeedback;
}
