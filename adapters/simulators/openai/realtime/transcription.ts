// The transcript of a caller's turn. It comes before, between or after the events of the reply, and is billed apart.

import type { SimulatorTimes } from '../../contract.ts';
import { speechTranscript, textPieces } from '../../voice/reply-text.ts';
import { streamText } from '../../voice/streams.ts';
import type { EventSender } from '../events.ts';
import { transcriptionUsage } from '../usage.ts';
import type { ConversationEntry } from './conversation.ts';

const EVENT = 'conversation.item.input_audio_transcription';

/** Plans the deltas and the completion of the transcript of one turn. */
export function transcribe(setup: {
  readonly events: EventSender;
  readonly times: SimulatorTimes;
  readonly entry: ConversationEntry;
  readonly model: string | undefined;
  readonly billedMs: number;
}): void {
  const { events, times, entry } = setup;
  const transcript = speechTranscript(entry.speech?.speechMs ?? 0);
  const ids = { item_id: entry.item.id, content_index: 0 };
  const complete = (): void => {
    entry.item.content = [{ type: 'input_audio', transcript }];
    const usage = transcriptionUsage(setup.model, setup.billedMs, transcript);
    events.send(`${EVENT}.completed`, { ...ids, transcript, usage });
  };
  const stream = streamText({
    runtime: events.runtime,
    tokenMs: times.tokenMs,
    pieces: textPieces(transcript),
    send: (delta) => events.send(`${EVENT}.delta`, { ...ids, delta }),
  });
  events.runtime.after(times.transcriptionMs, () => stream.start(complete));
}
