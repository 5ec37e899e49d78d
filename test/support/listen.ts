// A transcript that is told what a tap observes, on a clock of its own, and keeps the turns that it hands over.

import { vi } from 'vitest';
import type { Capabilities } from '../../adapters/realtime/contract/dialect.ts';
import type { Mark, Observation, Usage, Utterance } from '../../adapters/realtime/contract/observation.ts';
import type { TurnFinished } from '../../server/ipc/session-event.ts';
import { Transcript, type TranscriptOptions } from '../../server/session/tap/transcript.ts';
import { TurnBoundary } from '../../server/session/tap/turn-boundary.ts';

/** Wants fake timers. */
export function listen(options: Partial<TranscriptOptions> = {}, interruption: Capabilities['interruption'] = 'event') {
  const turns: TurnFinished[] = [];
  let usage: Usage = {};
  let now = 0;
  const transcript = new Transcript({
    session: 's',
    keepsText: true,
    onTurn: (turn) => turns.push(turn),
    usage: () => ({ usage, model: 'm' }),
    timeOf: (at) => 1_000_000 + at,
    ...options,
  });
  const boundary = new TurnBoundary({ interruption });
  const observe = (observation: Partial<Observation>) =>
    transcript.observe(observation as Observation, observation.mark && boundary.read(observation.mark), now);
  return {
    turns,
    texts: () => turns.map(({ user, assistant }) => [user, assistant]),
    marks(...marks: Mark[]) {
      for (const mark of marks) observe({ mark });
    },
    heard: (pendingTranscriptOf: string) => observe({ pendingTranscriptOf }),
    user: (text: string, item?: string) => observe({ utterances: [{ role: 'user', text, ...(item ? { item } : {}) }] }),
    assistant: (text: string) => observe({ utterances: [{ role: 'assistant', text }] }),
    piece: (role: Utterance['role'], text: string) => observe({ utterances: [{ role, text, isPartial: true }] }),
    observe,
    use: (sum: Usage) => {
      usage = sum;
    },
    wait(ms: number) {
      now += ms;
      vi.advanceTimersByTime(ms);
    },
    finish: () => transcript.finish(now),
  };
}
