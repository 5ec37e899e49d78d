// Texts of the notices: what went wrong, in plain words, and what to do about it. All problems that the page shows are written here.

import type { Diagnosis } from '../api/gateway.ts';
import type { Catalogue } from '../api/operator.ts';
import { formatCount, formatMoment } from './format.ts';

export interface Notice {
  readonly tone: 'error' | 'warning' | 'info';
  readonly title: string;
  readonly detail: string;
}

const diagnosisAdvice: Readonly<Record<number, string>> = {
  400: 'Change what it names, then start again.',
  401: 'Check the key.',
  402: 'Use another key, or give this one a larger budget.',
  403: 'Choose another model, or use a key that may use this one.',
  404: 'This gateway does not know the address that the page dialled.',
  409: 'Start again: the page takes a new id each time.',
  429: 'End another session of this key, or wait a little, then start again.',
  500: 'The log of the gateway says more.',
  501: 'Choose another dialect: the gateway does not offer this one.',
  502: 'The gateway could not reach the provider: look at its log.',
  504: 'The provider did not answer in time: try again.',
};

/** Notice of a WebSocket that never opened. `diagnosis`: the gateway's answer to a plain GET of the same address. */
export function connectFailure(diagnosis: Diagnosis | undefined): Notice {
  if (diagnosis === undefined) return unreachable;
  const title = 'The session was refused';
  // The gateway itself would admit the session, so the cause was further up.
  if (diagnosis.status === 426) return error(title, admitted);
  const said = diagnosis.message === '' ? '' : `The gateway says: ${sentence(diagnosis.message)} `;
  return error(title, `${said}${adviceFor(diagnosis)}`);
}

/** Advice by status. What a 429 or 503 means is told by its message: a spent budget, a provider without a key, or that there is no room now. */
function adviceFor({ status, message }: Diagnosis): string {
  if (status === 429 && message.includes('budget')) return 'Wait until the budget begins anew, or use another key.';
  if (status === 429 && message.includes(' a minute')) return 'Wait as long as it says, then start again.';
  if (status !== 503) return diagnosisAdvice[status] ?? 'The log of the gateway says more.';
  return message.includes('configured')
    ? 'Set up its API key and start the gateway again, or choose another provider.'
    : 'Wait until the gateway takes sessions again, then start again.';
}

const unreachable = error(
  'The gateway cannot be reached',
  'Is it still running? Start it again with npm start, then reload this page.',
);
const admitted =
  'The gateway would admit it, so the provider refused it or could not be reached. The log of the gateway says which.';

const closeMeanings: Readonly<Record<number, readonly [title: string, detail: string]>> = {
  1001: [
    'The other side ended the session',
    'Its time limit was reached, or the gateway is shutting down. Start a new one.',
  ],
  1002: [
    'A frame broke the WebSocket protocol',
    'Start a new session; if it happens again, something between the two ends changes frames.',
  ],
  1005: ['The session was ended without a reason', 'Start a new one.'],
  1006: ['The connection was lost', 'Check that the gateway is running and that the network works, then start again.'],
  1007: ['The provider did not understand a message', 'The last lines of the event log show what it refused.'],
  1008: [
    'The session was ended by a rule',
    'The model may not be allowed for this key, or does not fit this kind of session.',
  ],
  1009: ['A message was too large', 'The limit is in the gateway configuration.'],
  1011: [
    'The session broke off',
    'The provider failed or its connection was lost. Start a new one; the log of the gateway says more.',
  ],
  1013: ['The provider or the gateway is overloaded', 'Wait a little, then start again.'],
  3000: ['The provider did not accept the credential', 'Check the API key that the gateway is configured with.'],
  4000: ['The provider refused this dialect', 'The client speaks a version that is no longer served.'],
  4008: ['The page was too slow to read', 'The gateway ended the session because this page did not take its frames.'],
  4012: [
    'The session moves',
    'The gateway is shutting down: another one goes on with the session of a client that comes back to it.',
  ],
  4502: ['The session cost as much as it may', 'The key, the class of the session or a budget sets how much that is.'],
  4503: ['The session was as long as it may be', 'The key, or the class of the session, sets how long one lasts.'],
  4501: ['The key was revoked', 'Its owner took it back: use another key.'],
  4504: ['The session was ended for you', 'The operator of the gateway, or the owner of the key, ended it.'],
  4408: [
    'Nothing came for a while',
    'The gateway ends sessions that are idle, or stop within a message. Start a new one.',
  ],
};

/** Notice of a session that ended; undefined for a normal end. */
export function closeNotice(code: number, reason: string): Notice | undefined {
  if (code === 1000) return undefined;
  const [title, detail] = closeMeanings[code] ?? ['The session was ended', 'The code is not one that this page knows.'];
  const said = reason === '' ? '' : ` Reason given: ${sentence(reason)}`;
  return error(title, `${detail}${said} (close code ${code})`);
}

const microphoneFailures: Readonly<Record<string, readonly [title: string, detail: string]>> = {
  NotAllowedError: ['The microphone is not allowed', "Allow it for this page in the browser's address bar."],
  NotFoundError: ['No microphone was found', 'Plug one in or choose another device.'],
  OverconstrainedError: ['No microphone was found', 'Plug one in or choose another device.'],
  NotReadableError: ['The microphone cannot be opened', 'Another program may be using it.'],
  SecurityError: ['This page may not use a microphone', 'Browsers allow it only on https: or on localhost.'],
  TypeError: ['This page may not use a microphone', 'Browsers allow it only on https: or on localhost.'],
  NoSound: ['The microphone did not start', 'Browsers need an output for sound to run it, and found none.'],
};

/** Notice of what `getUserMedia`, or opening the audio, threw. */
export function microphoneFailure(cause: unknown): Notice {
  const known = microphoneFailures[cause instanceof Error ? cause.name : ''];
  const [title, detail] = known ?? ['The microphone did not start', sentence(describe(cause))];
  return warning(title, `${detail} Meanwhile you can play a sample recording or write text.`);
}

export const microphoneLost = warning(
  'The microphone went away',
  'It was unplugged or switched off. Choose another device, or play a sample.',
);

export function playbackFailure(cause: unknown): Notice {
  if (cause instanceof Error && cause.name === 'NoSound') return noSound;
  return error('Sound cannot be played', `${sentence(describe(cause))} Captions go on; reload the page to try again.`);
}

const noSound = warning(
  'There is no sound here',
  'The browser found no output for sound, as on a virtual machine or a remote desktop. The session goes on with captions and ' +
    'text. To hear it, connect a loudspeaker or headphones and start again.',
);

export function sampleFailure(cause: unknown): Notice {
  return warning('The sample recording did not load', sentence(describe(cause)));
}

export function socketFailure(cause: unknown): Notice {
  const detail = `${sentence(describe(cause))} A key may hold only letters, digits and -._~`;
  return error('The connection cannot be made', detail);
}

export const infoFailure = error(
  'The gateway does not answer',
  'The page could not read /console.json. Is the gateway running? Then reload.',
);

/** Codes of errors that only say that a request of the page came a moment too late. */
const harmless = new Set(['response_cancel_not_active', 'conversation_already_has_active_response']);

/** Notice of an error event of the provider; undefined when it needs no attention. */
export function providerError(code: string, message: string): Notice | undefined {
  if (harmless.has(code)) return undefined;
  const detail = sentence(message || 'It gave no message.');
  return error('The provider reported an error', code === '' ? detail : `${detail} (${code})`);
}

export function replyFailure(why: string): Notice {
  return error('The reply failed', why === '' ? 'The provider gave no reason.' : sentence(why));
}

export function sessionExpiring(inText: string): Notice {
  const detail = inText === '' ? 'It gave no time.' : `Time left: ${inText}.`;
  return warning('The provider will end this session soon', detail);
}

/** Notice of a catalogue that could not be read; undefined where it could. */
export function catalogueFailure({ gateway, models, fetchedAt, fault }: Catalogue): Notice | undefined {
  if (fault === undefined) return undefined;
  const kept =
    fetchedAt === undefined
      ? 'It was never read: models that only a pattern names are not served.'
      : `The ${formatCount(models)} models of ${formatMoment(fetchedAt)} are served meanwhile.`;
  return warning(`The catalogue of ${gateway} cannot be read`, `${sentence(fault)} ${kept}`);
}

export const speechTooBrief: Notice = {
  tone: 'info',
  title: 'Too brief',
  detail: 'Keep the key or the button down while you speak.',
};

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

function error(title: string, detail: string): Notice {
  return { tone: 'error', title, detail };
}

function warning(title: string, detail: string): Notice {
  return { tone: 'warning', title, detail };
}
