// Translates for clients of the beta, whose provider speaks the vocabulary of today.
// https://platform.openai.com/docs/guides/realtime#beta-to-ga-migration

import { isObject, type JsonObject, textAt } from '../../../../codecs/json/object.ts';
import type { Translation } from '../../contract/translation.ts';
import { betaItem, betaPart, each, itemOfToday } from './items.ts';
import { changing, type EventRewrite, namingFields, rewriteEvent } from './rewrite-event.ts';
import { betaPath, betaSettings, settingsOfToday } from './settings.ts';

const SPOKEN = ['audio', 'audio_transcript', 'text'].flatMap((what) =>
  ['delta', 'done'].map((how) => [`response.output_${what}.${how}`, `response.${what}.${how}`] as const),
);

/** Events of a reply by their names of today, with those of the beta. */
export const betaNames: ReadonlyMap<string, string> = new Map(SPOKEN);

/** Items that have begun and not ended; more are forgotten. */
const MAX_OPEN_ITEMS = 1000;

/** A provider of today refuses a temperature, which most clients of the beta send without being told to. */
const withoutTemperature = ({ temperature: _, ...settings }: JsonObject): JsonObject => settings;

export const speechSession = (session: JsonObject): JsonObject => ({
  type: 'realtime',
  ...withoutTemperature(settingsOfToday(session)),
});

/** Such a session says nothing, in no modality. */
export const transcriptionSession = ({ modalities: _, ...session }: JsonObject): JsonObject => ({
  type: 'transcription',
  ...settingsOfToday(session),
});

const requested = (response: JsonObject): JsonObject => {
  const settings = withoutTemperature(settingsOfToday(response));
  return 'input' in settings ? { ...settings, input: each(settings.input, itemOfToday) } : settings;
};

const fromClient: ReadonlyMap<string, EventRewrite> = new Map([
  ['session.update', changing('session', speechSession)],
  ['transcription_session.update', changing('session', transcriptionSession, 'session.update')],
  ['response.create', changing('response', requested)],
  ['conversation.item.create', changing('item', (item) => itemOfToday(item) as JsonObject)],
]);

/** Sessions that transcribe have events of their own in the beta. */
function configured(event: JsonObject): readonly JsonObject[] | undefined {
  const { session } = event;
  if (!isObject(session)) return undefined;
  const { type, ...settings } = session;
  const name = type === 'transcription' ? `transcription_${event.type}` : event.type;
  return [{ ...event, type: name, session: betaSettings(settings) }];
}

const replied = (response: JsonObject): JsonObject => {
  const settings = betaSettings(response, 'told');
  return 'output' in settings ? { ...settings, output: each(settings.output, betaItem) } : settings;
};

const withItem = changing('item', (item) => betaItem(item) as JsonObject);
const withPart = changing('part', (part) => betaPart(part) as JsonObject);
const withResponse = changing('response', replied);

const fromProvider: readonly (readonly [string, EventRewrite])[] = [
  ['session.created', configured],
  ['session.updated', configured],
  ['response.created', withResponse],
  ['response.done', withResponse],
  ['response.output_item.added', withItem],
  ['response.output_item.done', withItem],
  ['response.content_part.added', withPart],
  ['response.content_part.done', withPart],
  ['conversation.item.retrieved', withItem],
  ['error', namingFields(betaPath)],
];

/** Makes the translation of one session. Of an item the beta tells once, where today its beginning and its end are told. */
export function translateForBeta(): Translation {
  const open = new Set<string>();
  const created = changing('item', (item) => betaItem(item) as JsonObject, 'conversation.item.created');
  const added: EventRewrite = (event) => {
    const id = idOf(event);
    if (id !== undefined) open.add(id);
    const [oldest] = open;
    if (open.size > MAX_OPEN_ITEMS && oldest !== undefined) open.delete(oldest);
    return created(event);
  };
  const done: EventRewrite = (event) => (open.delete(idOf(event) ?? '') ? [] : created(event));
  const rewrites = new Map([
    ...fromProvider,
    ['conversation.item.added', added] as const,
    // Some who speak the vocabulary of today have kept this one.
    ['conversation.item.created', added] as const,
    ['conversation.item.done', done] as const,
  ]);
  return {
    fromClient: (frame) => rewriteEvent(frame, { rewrites: fromClient })?.[0],
    fromProvider: (frame) => rewriteEvent(frame, { names: betaNames, rewrites }),
  };
}

const idOf = ({ item }: JsonObject): string | undefined => (isObject(item) ? textAt(item, 'id') : undefined);
