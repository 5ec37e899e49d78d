// The transcript of a caller's turn, which comes on its own time: before, between or after the events of the reply.
// Rule: its usage is a bill of its own.

import type { SimulatorTimes } from '../../contract.ts';
import { textTokens, transcriptOf } from '../../voice/replies.ts';
import { streamText } from '../../voice/streams.ts';
import type { Outlet } from '../outlet.ts';
import { transcriptionUsage } from '../usage.ts';
import type { Entry } from './conversation.ts';

const EVENT = 'conversation.item.input_audio_transcription';

/** Plans the deltas and the completion of one turn's transcript. */
export function transcribe(setup: {
  readonly outlet: Outlet;
  readonly times: SimulatorTimes;
  readonly entry: Entry;
  readonly model: string | undefined;
  readonly billedMs: number;
}): void {
  const { outlet, times, entry } = setup;
  const transcript = transcriptOf(entry.heard?.speechMs ?? 0);
  const ids = { item_id: entry.item.id, content_index: 0 };
  const complete = (): void => {
    entry.item.content = [{ type: 'input_audio', transcript }];
    const usage = transcriptionUsage(setup.model, setup.billedMs, transcript);
    outlet.send(`${EVENT}.completed`, { ...ids, transcript, usage });
  };
  const stream = streamText({
    stage: outlet.stage,
    tokenMs: times.tokenMs,
    pieces: textTokens(transcript),
    send: (delta) => outlet.send(`${EVENT}.delta`, { ...ids, delta }),
  });
  outlet.stage.after(times.transcriptionMs, () => stream.start(complete));
}
