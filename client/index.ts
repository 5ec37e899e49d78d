// `trunkline/client`: what an app needs to talk with a gateway, in browsers and in Node, without a dependency.

export { Backoff, type BackoffOptions } from './backoff.ts';
export { type GatewayChatOptions, GatewayChatTransport } from './chat/transport.ts';
export { type CloseKind, meaningOfClose, type SocketClose } from './closes.ts';
export type { Credential } from './dial.ts';
export { type FeedbackAbout, type FeedbackOptions, feedback, type KeptFeedback } from './feedback.ts';
export { type ItemPlayed, PlayQueue } from './playback/play-queue.ts';
export { PlaybackTracker, type Truncation } from './playback/playback-tracker.ts';
export { GatewayProblem } from './problem.ts';
export { type ClientSecret, type MintOptions, mintSecret, type SecretRequest } from './secret.ts';
export { connectVoice, type VoiceOptions, type VoiceSession } from './voice.ts';
