// What the page shows, as one plain value. Only the conductor changes it.

import type { GatewayInfo, SessionReport } from '../api/gateway.ts';
import type { Device } from '../audio/microphone.ts';
import type { Cut, TurnTaking } from '../dialects/dialect.ts';
import { type Mode, modes } from '../dialects/modes.ts';
import type { OutputCounts } from '../session/reply-playback.ts';
import type { AfterCall } from '../session/side-task-follower.ts';
import type { Conversation } from './captions.ts';
import type { Turn } from './latency.ts';
import type { Notice } from './notices.ts';

export type Phase = 'idle' | 'starting' | 'connecting' | 'preparing' | 'ready' | 'closing' | 'closed';

/** The form. Locked while a session runs, except the device. */
export interface Form {
  readonly mode: Mode;
  readonly provider: string;
  readonly model: string;
  readonly key: string;
  readonly instructions: string;
  readonly voice: string;
  readonly turnTaking: TurnTaking;
  readonly tools: boolean;
  readonly input: 'microphone' | 'samples';
  readonly deviceId: string;
}

export interface ConsoleState {
  readonly gateway: GatewayInfo | undefined;
  readonly form: Form;
  readonly phase: Phase;
  /** What the running or last session was started with. */
  readonly session: RunningSession | undefined;
  readonly notices: readonly (Notice & { readonly id: number })[];
  readonly devices: readonly Device[];
  readonly microphone: 'off' | 'asking' | 'on' | 'muted';
  /** Push-to-talk is held. */
  readonly talking: boolean;
  /** The name of the recording that is being spoken. */
  readonly sample: string | undefined;
  readonly callerSpeaking: boolean;
  readonly replying: boolean;
  /** The reply goes on, but the page does not play it any more. */
  readonly silenced: boolean;
  readonly conversation: Conversation;
  readonly turns: readonly Turn[];
  readonly report: SessionReport | undefined;
  /** The side tasks of the running or last session; undefined while nobody asks for them. */
  readonly after: AfterCall | undefined;
  readonly cuts: readonly Cut[];
  readonly sentSamples: number;
  readonly output: OutputCounts;
}

export interface RunningSession {
  readonly id: string;
  readonly mode: Mode;
  readonly provider: string;
  readonly rehearsal: boolean;
  readonly model: string;
  readonly turnTaking: TurnTaking;
  /** Wall clock, for the display. */
  readonly openedAt: number | undefined;
  readonly endedAt: number | undefined;
}

const [firstMode] = modes;

/** Nothing is being said by anyone. */
export const nobodySpeaks = {
  talking: false,
  sample: undefined,
  callerSpeaking: false,
  replying: false,
  silenced: false,
} as const;

export const initialState: ConsoleState = {
  gateway: undefined,
  form: {
    mode: firstMode,
    provider: '',
    model: firstMode.dialect.models[firstMode.modality][0] ?? '',
    key: '',
    instructions: 'You are a friendly assistant. Keep your answers short.',
    voice: '',
    turnTaking: 'detect',
    tools: false,
    input: 'microphone',
    deviceId: '',
  },
  phase: 'idle',
  session: undefined,
  notices: [],
  devices: [],
  microphone: 'off',
  ...nobodySpeaks,
  conversation: [],
  turns: [],
  report: undefined,
  after: undefined,
  cuts: [],
  sentSamples: 0,
  output: { receivedSamples: 0, playedSamples: 0, queuedSamples: 0, gaps: 0 },
};

export function isLive(phase: Phase): boolean {
  return phase === 'preparing' || phase === 'ready';
}

export function isBusy(phase: Phase): boolean {
  return phase !== 'idle' && phase !== 'closed';
}

/** Push-to-talk may begin. Who chose samples only is never asked for a microphone. */
export function mayHold({ phase, session, form, talking, sample }: ConsoleState): boolean {
  const takesVoice = phase === 'ready' && session?.turnTaking === 'manual' && form.input === 'microphone';
  return takesVoice && !talking && sample === undefined;
}
