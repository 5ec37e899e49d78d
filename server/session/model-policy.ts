// Decides which client frames may pass: those that name only models that the key may use, and those whose texts can be counted where texts are billed.
// Asked only for keys with a list of models, and in sessions that are billed by texts.

import type { Rejection } from '../../adapters/realtime/contract/dialect.ts';
import { readObject } from '../../codecs/json/object.ts';
import { jsonText } from '../../codecs/json/text.ts';
import type { Frame } from '../../codecs/websocket/frame.ts';
import type { SessionSubject } from './subject.ts';
import { isBilledByTexts } from './tap/billed-usage.ts';
import { carriesSound } from './tap/sound-count.ts';

type Subject = Pick<SessionSubject, 'provider' | 'dialect' | 'mayUse' | 'billedBy'>;

/** Makes what decides about each frame of the client: undefined lets it pass. None where frames need not be looked at. */
export function gateOf(
  subject: Subject,
  refusal: (rejection: Rejection, frame: Frame) => () => void,
): ((frame: Frame) => (() => void) | undefined) | undefined {
  if (subject.mayUse === undefined && !isBilledByTexts(subject.billedBy)) return undefined;
  return (frame) => {
    const rejection = rejectionOf(frame, subject);
    return rejection && refusal(rejection, frame);
  };
}

/** Returns why the frame must not pass; undefined: it may. */
function rejectionOf(frame: Frame, { provider, dialect, mayUse, billedBy }: Subject): Rejection | undefined {
  const models = dialect.modelsIn(frame);
  if (models !== undefined && 'code' in models) return models;
  const model = models?.find((name) => mayUse?.(name) === false);
  if (model === undefined) return isBilledByTexts(billedBy) ? uncountable(frame, dialect) : undefined;
  const message =
    model === '' ? `the event names no model; that needs ${provider}/*` : `this key may not use the model ${model}`;
  return { code: 'model_not_allowed', message };
}

/** Some parsers take more for an object than is one to the reader of texts. */
const BEGINS_LIKE_OBJECTS = /^[\s\0]*[{[/#]/;

function uncountable(frame: Frame, dialect: Subject['dialect']): Rejection | undefined {
  const isRead = carriesSound(dialect.observe(frame, 'upstream'), 'upstream') || readObject(frame.data) !== undefined;
  if (isRead || !BEGINS_LIKE_OBJECTS.test(jsonText(frame.data))) return undefined;
  return { code: 'unreadable_event', message: COUNTED };
}

const COUNTED =
  'this session is billed by its texts, and none can be read in this event: expected one JSON object in UTF-8, of 4 MiB at most';
