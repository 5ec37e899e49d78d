// The state of the page, as one plain value. Only the classes of session/ change it.

import type { Truncation } from '../../../client/playback/playback-tracker.ts';
import type { GatewayInfo, SessionReport } from '../api/gateway.ts';
import type { Device } from '../audio/microphone.ts';
import type { SessionSettings } from '../dialects/dialect.ts';
import { type Mode, modes } from '../dialects/modes.ts';
import type { PlaybackCounts } from '../session/reply-playback.ts';
import type { PostCallState } from '../session/side-task-follower.ts';
import type { Captions } from './captions.ts';
import type { TimedTurn } from './latency.ts';
import type { Notice } from './notices.ts';

export type Phase = 'idle' | 'starting' | 'connecting' | 'preparing' | 'ready' | 'closing' | 'closed';

/** The form of a session. It is locked while a session runs, except the device. */
export interface SessionForm extends Omit<SessionSettings, 'modality'> {
  readonly mode: Mode;
  readonly provider: string;
  readonly key: string;
  readonly input: 'microphone' | 'samples';
  readonly deviceId: string;
}

export interface ConsoleState {
  readonly gateway: GatewayInfo | undefined;
  readonly form: SessionForm;
  readonly phase: Phase;
  /** The running or last session, as it was started. */
  readonly session: RunningSession | undefined;
  readonly notices: readonly (Notice & { readonly id: number })[];
  readonly devices: readonly Device[];
  readonly microphone: 'off' | 'asking' | 'on' | 'muted';
  /** True while push-to-talk is held. */
  readonly pushToTalk: boolean;
  /** Name of the recording that is being spoken. */
  readonly sample: string | undefined;
  readonly callerSpeaking: boolean;
  readonly replying: boolean;
  /** True when the reply goes on, but the page does not play it any more. */
  readonly silenced: boolean;
  readonly captions: Captions;
  readonly turns: readonly TimedTurn[];
  readonly report: SessionReport | undefined;
  /** Side tasks of the running or last session; undefined where the gateway has no side path. */
  readonly postCall: PostCallState | undefined;
  readonly truncations: readonly Truncation[];
  readonly sentSamples: number;
  readonly output: PlaybackCounts;
}

export interface RunningSession extends Pick<SessionForm, 'mode' | 'provider' | 'model' | 'turnTaking'> {
  readonly id: string;
  readonly rehearsal: boolean;
  /** Wall clock, for the display. */
  readonly openedAt: number | undefined;
  readonly endedAt: number | undefined;
}

const [firstMode] = modes;

/** Part of the state when neither side speaks. */
export const nobodySpeaks = {
  pushToTalk: false,
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
  captions: [],
  turns: [],
  report: undefined,
  postCall: undefined,
  truncations: [],
  sentSamples: 0,
  output: { receivedSamples: 0, playedSamples: 0, queuedSamples: 0, gaps: 0 },
};

export function isLive(phase: Phase): boolean {
  return phase === 'preparing' || phase === 'ready';
}

export function isBusy(phase: Phase): boolean {
  return phase !== 'idle' && phase !== 'closed';
}

/** True when push-to-talk may begin. With samples only, nobody is asked for a microphone. */
export function mayPushToTalk({ phase, session, form, pushToTalk: talking, sample }: ConsoleState): boolean {
  const usesPushToTalk = phase === 'ready' && session?.turnTaking === 'manual' && form.input === 'microphone';
  return usesPushToTalk && !talking && sample === undefined;
}
