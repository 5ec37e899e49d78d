// Translates for clients of today, whose provider speaks the vocabulary of the beta.

import { isObject, type JsonObject, textAt } from '../../../../codecs/json/object.ts';
import type { Translation } from '../../contract/translation.ts';
import { betaNames } from './beta-clients.ts';
import { betaItem, each, itemOfToday } from './items.ts';
import { changing, type EventRewrite, namingFields, rewriteEvent } from './rewrite-event.ts';
import { betaSettings, pathOfToday, settingsOfToday } from './settings.ts';

const namesOfToday: ReadonlyMap<string, string> = new Map([...betaNames].map(([today, beta]) => [beta, today]));

/** Items that have begun and not ended; more are forgotten. */
const MAX_OPEN_ITEMS = 1000;

/** The beta knows the kind of a session by its events. */
const updated: EventRewrite = (event) => {
  const { session } = event;
  if (!isObject(session)) return undefined;
  const { type, ...settings } = session;
  const name = type === 'transcription' ? 'transcription_session.update' : event.type;
  return [{ ...event, type: name, session: betaSettings(settings) }];
};

const requested = (response: JsonObject): JsonObject => {
  const settings = betaSettings(response);
  return 'input' in settings ? { ...settings, input: each(settings.input, betaItem) } : settings;
};

const fromClient: ReadonlyMap<string, EventRewrite> = new Map([
  ['session.update', updated],
  ['response.create', changing('response', requested)],
  ['conversation.item.create', changing('item', (item) => betaItem(item) as JsonObject)],
]);

const configured = (type: 'realtime' | 'transcription', name?: string): EventRewrite =>
  changing('session', (session) => ({ type, ...settingsOfToday(session) }), name);

const replied = (response: JsonObject): JsonObject => {
  const settings = settingsOfToday(response, 'told');
  return 'output' in settings ? { ...settings, output: each(settings.output, itemOfToday) } : settings;
};

const withItem = changing('item', (item) => itemOfToday(item) as JsonObject);
const withResponse = changing('response', replied);

const fromProvider: readonly (readonly [string, EventRewrite])[] = [
  ['session.created', configured('realtime')],
  ['session.updated', configured('realtime')],
  ['transcription_session.created', configured('transcription', 'session.created')],
  ['transcription_session.updated', configured('transcription', 'session.updated')],
  ['response.created', withResponse],
  ['response.done', withResponse],
  ['response.output_item.added', withItem],
  ['conversation.item.retrieved', withItem],
  ['error', namingFields(pathOfToday)],
];

/** Makes the translation of one session. Of an item its beginning and its end are told, where the beta tells once: it ends with its part of the reply. */
export function translateForToday(): Translation {
  /** The items before those that have begun, by their ids. */
  const open = new Map<string, unknown>();
  const added = changing('item', (item) => itemOfToday(item) as JsonObject, 'conversation.item.added');
  const created: EventRewrite = (event) => {
    const { item, previous_item_id } = event;
    const id = isObject(item) ? textAt(item, 'id') : undefined;
    const [begun] = added(event) ?? [];
    if (begun === undefined) return undefined;
    if (id === undefined || !isObject(item) || item.status !== 'in_progress') return [begun, ended(begun)];
    open.set(id, previous_item_id);
    const [oldest] = open.keys();
    if (open.size > MAX_OPEN_ITEMS && oldest !== undefined) open.delete(oldest);
    return [begun];
  };
  const outputDone: EventRewrite = (event) => {
    const [done] = withItem(event) ?? [];
    const id = textAt(event, 'item', 'id') ?? '';
    if (done === undefined || !open.has(id)) return done && [done];
    const { event_id, item } = done;
    const end = ended({ event_id, previous_item_id: open.get(id), item });
    open.delete(id);
    return [done, end];
  };
  const rewrites = new Map([
    ...fromProvider,
    ['conversation.item.created', created] as const,
    ['response.output_item.done', outputDone] as const,
  ]);
  return {
    fromClient: (frame) => rewriteEvent(frame, { rewrites: fromClient })?.[0],
    fromProvider: (frame) => rewriteEvent(frame, { names: namesOfToday, rewrites }),
  };
}

/** Ids of events are each used once. */
function ended({ event_id: id, ...event }: JsonObject): JsonObject {
  return { ...event, type: 'conversation.item.done', ...(typeof id === 'string' && { event_id: `${id}_done` }) };
}
