// Keys that are made at run time, asked of the admin listener of a real gateway.

import { openClient } from './gateway.ts';
import type { Served } from './served.ts';

export const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';

/** Asks the admin listener. Resolves with the status and the JSON of the answer. */
export async function askKeys(
  { admin }: Pick<Served, 'admin'>,
  method: string,
  path: string,
  json?: object,
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into the JSON of an answer.
): Promise<{ readonly status: number; readonly body: any }> {
  const init =
    json === undefined ? {} : { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } };
  const answer = await fetch(admin + path, { method, ...init });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

/** Makes a key, and returns its secret. */
export async function makeKey(served: Pick<Served, 'admin'>, id: string, more: object = {}): Promise<string> {
  const { status, body } = await askKeys(served, 'POST', '/keys', { id, ...more });
  if (status !== 201) throw new Error(`no key was made: ${JSON.stringify(body)}`);
  return body.secret;
}

export const bearer = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });

export const openSession = ({ url }: Pick<Served, 'url'>, secret: string) => openClient(url + REALTIME, bearer(secret));

/** Status of a plain request with this secret on the side path. */
export async function sideStatus({ url }: Pick<Served, 'url'>, secret: string): Promise<number> {
  const answer = await fetch(`${url.replace('ws', 'http')}/v1/sessions`, bearer(secret));
  await answer.text();
  return answer.status;
}
