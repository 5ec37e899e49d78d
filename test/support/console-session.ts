// A session of the console with fakes around it, from its first frame on.

import { toBase64 } from '../../server/console/audio/pcm.ts';
import { modeOf } from '../../server/console/dialects/modes.ts';
import type { SessionForm } from '../../server/console/state/state.ts';
import {
  type FakeConsole,
  type FakeConsoleOptions,
  type FakePlayer,
  type FakeSocket,
  fakeConsole,
} from './console-fakes.ts';

export interface Live extends FakeConsole {
  readonly socket: FakeSocket;
  readonly player: FakePlayer;
}

export const pcm = (ms: number) => toBase64(new Int16Array(24 * ms).fill(1000));

/** Starts a session, which is ready. */
export async function live(form: Partial<SessionForm> = {}, options: FakeConsoleOptions = {}): Promise<Live> {
  const fake = await fakeConsole(options);
  fake.controller.edit(form);
  await fake.controller.start();
  const socket = fake.sockets[0]?.socket;
  if (socket === undefined) throw new Error('nothing was dialled');
  socket.open();
  socket.receive({ type: 'session.updated' });
  return { ...fake, socket, player: fake.players[0] as FakePlayer };
}

export const state = ({ controller }: FakeConsole) => controller.store.get();
export const notices = (fake: FakeConsole) => state(fake).notices.map(({ title }) => title);
export const textForm: Partial<SessionForm> = { mode: modeOf('openai-realtime-text') };

/** Lets the provider reply with audio. */
export function reply(socket: FakeSocket, itemId: string, ms: number): void {
  socket.receive({ type: 'response.created', response: { id: `resp-${itemId}` } });
  socket.receive({ type: 'response.output_audio_transcript.delta', item_id: itemId, delta: 'Hello' });
  socket.receive({ type: 'response.output_audio.delta', item_id: itemId, content_index: 0, delta: pcm(ms) });
}
