// The transcript of a caller's turn, which comes on its own time: before, between or after the events of the reply.
// Rule: its usage is a bill of its own.

import type { SimulatorTimes } from '../../contract.ts';
import { speechTranscript, textPieces } from '../../voice/reply-text.ts';
import { streamText } from '../../voice/streams.ts';
import type { EventSender } from '../events.ts';
import { transcriptionUsage } from '../usage.ts';
import type { ConversationEntry } from './conversation.ts';

const EVENT = 'conversation.item.input_audio_transcription';

/** Plans the deltas and the completion of one turn's transcript. */
export function transcribe(setup: {
  readonly outlet: EventSender;
  readonly times: SimulatorTimes;
  readonly entry: ConversationEntry;
  readonly model: string | undefined;
  readonly billedMs: number;
}): void {
  const { outlet, times, entry } = setup;
  const transcript = speechTranscript(entry.heard?.speechMs ?? 0);
  const ids = { item_id: entry.item.id, content_index: 0 };
  const complete = (): void => {
    entry.item.content = [{ type: 'input_audio', transcript }];
    const usage = transcriptionUsage(setup.model, setup.billedMs, transcript);
    outlet.send(`${EVENT}.completed`, { ...ids, transcript, usage });
  };
  const stream = streamText({
    stage: outlet.runtime,
    tokenMs: times.tokenMs,
    pieces: textPieces(transcript),
    send: (delta) => outlet.send(`${EVENT}.delta`, { ...ids, delta }),
  });
  outlet.runtime.after(times.transcriptionMs, () => stream.start(complete));
}
