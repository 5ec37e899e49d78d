// Decides which client frames may pass: those that name only models that the key may use. Asked only for keys with a list of models.

import type { Rejection } from '../../adapters/realtime/contract/dialect.ts';
import type { Frame } from '../../codecs/websocket/frame.ts';
import type { SessionSubject } from './subject.ts';

/** Returns why the frame must not pass; undefined: it may. */
export function rejectionOf(
  frame: Frame,
  { provider, dialect, mayUse }: Pick<SessionSubject, 'provider' | 'dialect' | 'mayUse'>,
): Rejection | undefined {
  const models = dialect.modelsIn(frame);
  if (models === undefined || 'code' in models) return models;
  const model = models.find((name) => mayUse?.(name) === false);
  if (model === undefined) return undefined;
  const message =
    model === '' ? `the event names no model; that needs ${provider}/*` : `this key may not use the model ${model}`;
  return { code: 'model_not_allowed', message };
}
