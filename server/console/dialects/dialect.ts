// What the page needs from an event vocabulary, and the small view model that all of them are read into.
// A dialog is pure: messages in, events and messages out; no sockets, no timers, no DOM.

export type DialectName = 'openai-realtime' | 'openai-responses' | 'gemini-live';
export type Modality = 'voice' | 'text';
/** `detect`: the provider hears when a turn ends. `manual`: the page says so (push-to-talk). */
export type TurnTaking = 'detect' | 'manual';
export type Message = { readonly [key: string]: unknown };

export interface Settings {
  readonly model: string;
  readonly instructions: string;
  readonly voice: string;
  readonly modality: Modality;
  readonly turnTaking: TurnTaking;
  /** Offer the example function to the model. */
  readonly tools: boolean;
}

export interface ToolCall {
  readonly callId: string;
  readonly name: string;
  /** JSON text of the arguments. */
  readonly arguments: string;
}

/** What the answer to a call is shown as. */
export function toolItemId(callId: string): string {
  return `tool-${callId}`;
}

/** How much of one reply was really played. */
export interface Cut {
  readonly itemId: string;
  readonly contentIndex: number;
  readonly playedMs: number;
  readonly receivedMs: number;
}

export type ReplyStatus = 'completed' | 'cancelled' | 'failed' | 'incomplete';

/** One thing that happened, whatever the dialect calls it. */
export type ViewEvent =
  | { readonly kind: 'hello'; readonly model?: string | undefined }
  | { readonly kind: 'ready' }
  | { readonly kind: 'speech-started'; readonly itemId: string | undefined }
  | SpeechStoppedEvent
  | { readonly kind: 'committed'; readonly itemId: string }
  | CaptionEvent
  | { readonly kind: 'reply-started'; readonly replyId: string }
  | AudioEvent
  | { readonly kind: 'audio-end'; readonly itemId: string }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'tool-call'; readonly call: ToolCall }
  | { readonly kind: 'reply-done'; readonly status: ReplyStatus; readonly toolsPending: boolean; readonly why?: string }
  | { readonly kind: 'expiring'; readonly inText: string }
  | { readonly kind: 'error'; readonly code: string; readonly message: string };

export interface SpeechStoppedEvent {
  readonly kind: 'speech-stopped';
  /** Where speech ended in the audio that was sent, without the silence that was waited for; if the provider says so. */
  readonly voicedUntilMs?: number | undefined;
}

/** A piece of a transcript or of written text. `text` replaces, `delta` appends. */
export interface CaptionEvent {
  readonly kind: 'caption';
  readonly side: 'you' | 'provider';
  readonly itemId: string;
  readonly delta?: string;
  readonly text?: string;
  readonly final: boolean;
  /** Place a new caption before this one: transcripts of the caller may come after the reply began. */
  readonly before?: string | undefined;
}

export interface AudioEvent {
  readonly kind: 'audio';
  readonly itemId: string;
  readonly contentIndex: number;
  /** PCM, 16 bit little-endian, mono, base64. */
  readonly base64: string;
  readonly rateHz: number;
}

export interface Reading {
  readonly events: readonly ViewEvent[];
  /** What the dialog answers on its own accord. */
  readonly send: readonly Message[];
}

/** One session's conversation in one dialect. Every function returns what to send, in order. */
export interface Dialog {
  open(): readonly Message[];
  read(message: Message): Reading;
  audio(base64: string): readonly Message[];
  /** Manual turns: the caller starts and ends to speak. */
  speechStart(): readonly Message[];
  speechEnd(): readonly Message[];
  /** Manual turns: forget what was spoken, it was too short to be meant. */
  speechDrop(): readonly Message[];
  /** The microphone pauses in a session that detects turns. */
  audioPause(): readonly Message[];
  say(text: string): readonly Message[];
  /** Stop the reply in progress. */
  cancel(): readonly Message[];
  truncate(cut: Cut): readonly Message[];
  answer(call: ToolCall, output: Message): readonly Message[];
}

export interface Dialect {
  readonly name: DialectName;
  readonly inputRateHz: number;
  /** The path that is dialled when the gateway lists several for this dialect. */
  readonly preferredPath: string;
  readonly models: Readonly<Record<Modality, readonly string[]>>;
  readonly voices: readonly string[];
  address(settings: Settings, key: string): { query: Record<string, string>; protocols: string[] };
  dialog(settings: Settings): Dialog;
}

/** An object, or an empty one: provider messages are read without trusting their shape. */
export function objectOf(value: unknown): Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Message) : {};
}

export function listOf(value: unknown): readonly Message[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
