// Sends one request of JSON to the gateway, with a credential.

import { type Credential, gatewayUrl } from './dial.ts';
import { GatewayProblem, problemOfAnswer } from './problem.ts';

interface GatewayRequest {
  /** Address of the gateway, such as `https://gateway.example.com`. */
  readonly gateway: string;
  readonly credential: Credential;
  readonly fetch?: typeof fetch | undefined;
}

/** Resolves with the answer. @throws GatewayProblem where the gateway refuses or cannot be reached; or what `credential` throws. */
export async function postJson(
  path: string,
  body: object,
  { gateway, credential, fetch: ask = fetch }: GatewayRequest,
): Promise<unknown> {
  const url = gatewayUrl(gateway, path);
  const secret = typeof credential === 'string' ? credential : await credential();
  const asked = ask(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const response = await asked.catch((cause: unknown) => {
    throw new GatewayProblem(`the gateway cannot be reached at ${gateway}`, { status: 0 }, { cause });
  });
  if (!response.ok) throw await problemOfAnswer(response);
  return response.json();
}
