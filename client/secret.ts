// Makes client secrets, which a page gets in the place of a key. It runs on the app's own server, since only a key makes them.

import { postJson } from './request.ts';

/** Terms of the secret: `POST /v1/client_secrets` in docs/openapi.yaml. Every field narrows what the key may. */
export interface SecretRequest {
  /** Time in which it opens sessions: 60 when not given, 3,600 at most. */
  readonly expiresInSeconds?: number;
  /** Number of sessions that it opens: 1 when not given, 1,000 at most. */
  readonly uses?: number;
  /** The provider of its sessions, such as `openai`. A secret for chats names none. */
  readonly provider?: string;
  readonly dialect?: string;
  /** Patterns of provider/model. */
  readonly models?: readonly string[];
  /** Settings of the session that its client cannot change, in the provider's own form. */
  readonly session?: Readonly<Record<string, unknown>>;
  readonly maxSessionSeconds?: number;
  /** The most that all of its sessions may cost together. */
  readonly maxUsd?: number;
  readonly class?: string;
  readonly dataClass?: 'open' | 'regulated';
  /** Origins of the pages that may use it, such as `https://app.example.com`. */
  readonly origins?: readonly string[];
  readonly endUser?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly callIds?: 'any';
}

export interface ClientSecret {
  /** Names it in records. It opens nothing. */
  readonly id: string;
  /** The secret itself, for the page. */
  readonly value: string;
  readonly expiresAt: string;
  readonly uses: number;
}

export interface MintOptions extends SecretRequest {
  /** Address of the gateway, such as `https://gateway.example.com`. */
  readonly gateway: string;
  /** A key of the gateway. */
  readonly key: string;
  readonly fetch?: typeof fetch;
}

/** @throws GatewayProblem where the gateway refuses or cannot be reached. */
export async function mintSecret({ gateway, key, fetch, ...body }: MintOptions): Promise<ClientSecret> {
  return (await postJson('/v1/client_secrets', body, { gateway, credential: key, fetch })) as ClientSecret;
}
