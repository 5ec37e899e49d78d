// Sends one signed request to a webhook by the Standard Webhooks specification, and says what its answer means.

import { Webhook } from 'standardwebhooks';
import { type Dispatcher, request } from 'undici';
import type { WebhookConfig } from '../../config/side-schema.ts';
import type { Delivery } from '../../ipc/stored-rows.ts';
import { faultCode, waitOf } from '../../platform/outbound/outbound-agent.ts';

/** `gone` is a receiver that wants no more of the message; `code` says for the log what went wrong. */
export type SendResult =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly code: string; readonly retryAfterMs: number | undefined };

/** Length up to which a body is read and dropped, so that its connection can be used again. */
const MAX_BODY_BYTES = 16 * 1024;

export async function sendDelivery(
  { id, body }: Delivery,
  { url, secret, timeoutMs }: WebhookConfig,
  { dispatcher, signal }: { readonly dispatcher: Dispatcher; readonly signal: AbortSignal },
): Promise<SendResult> {
  const at = new Date();
  const signature = signatureOf(secret, { id, at, body });
  if (signature === undefined) return { kind: 'failed', code: 'secret_not_base64', retryAfterMs: undefined };
  try {
    const answer = await request(url, {
      method: 'POST',
      dispatcher,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'trunkline',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': signature,
      },
      body,
    });
    // The status decides; a body that breaks off, or never ends, changes nothing and is not waited for.
    void answer.body.dump({ limit: MAX_BODY_BYTES }).catch(() => {});
    return resultOf(answer.statusCode, answer.headers['retry-after']);
  } catch (error) {
    return { kind: 'failed', code: faultCode(error), retryAfterMs: undefined };
  }
}

/** Takes `whsec_` and base64, as the specification has it, or any other text as it is; undefined for a `whsec_` that is not base64. */
function signatureOf(
  secret: string,
  { id, at, body }: { readonly id: string; readonly at: Date; readonly body: string },
): string | undefined {
  try {
    const signer = secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(secret, { format: 'raw' });
    return signer.sign(id, at, body);
  } catch {
    return undefined;
  }
}

function resultOf(status: number, retryAfter: string | string[] | undefined): SendResult {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone' };
  const mayWait = status === 429 || status === 503;
  return { kind: 'failed', code: `status_${status}`, retryAfterMs: mayWait ? waitOf(retryAfter) : undefined };
}
