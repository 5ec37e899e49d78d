// A session with pinned settings between a raw client and a raw provider.

import { expect } from 'vitest';
import type { JsonObject } from '../../codecs/json/object.ts';
import { dialectAt } from './pin-policy/cases.ts';
import { openRawSession, type RawSessionOptions } from './raw-session.ts';
import { frameBytes } from './raw-socket.ts';

export const REALTIME = '/v1/realtime';
export const pinned = { type: 'realtime', instructions: 'You are a clerk.', audio: { output: { voice: 'marin' } } };
/** The update of the gateway that applies it. */
export const applied = { event_id: 'trunkline-pinned', type: 'session.update', session: pinned };

export const textOf = (event: object | string) => (typeof event === 'string' ? event : JSON.stringify(event));
/** The frame of a client's event. */
export const up = (event: object | string) => frameBytes(1, textOf(event), { masked: true });
/** The frame of a provider's event. */
export const down = (event: object | string) => frameBytes(1, textOf(event), { masked: false });
/** The provider's answer to the update. */
export const updated = (session: JsonObject = {}) => down({ type: 'session.updated', event_id: 'e', session });

export async function openPinned(path = REALTIME, options: Partial<RawSessionOptions> = {}) {
  const opened = await openRawSession({ dialect: dialectAt(path), pinned, ...options });
  const { client, upstream } = opened;
  const arrives = async () => JSON.parse((await upstream.frame()).payload.toString());
  const told = async () => JSON.parse((await client.frame()).payload.toString());
  return { ...opened, arrives, told };
}

/** A session whose provider has taken what is pinned. */
export async function openTaken(path = REALTIME, options: Partial<RawSessionOptions> = {}) {
  const opened = await openPinned(path, options);
  await opened.arrives();
  opened.upstream.send(updated());
  expect((await opened.told()).type).toBe('session.updated');
  return opened;
}
