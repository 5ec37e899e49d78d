// First messages of Soniox: JSON with the key in `api_key` and the name of the model in `model` (read in @soniox/node 2.3, and measured).

import { type JsonObject, textAt } from '../../../codecs/json/object.ts';
import type { FirstFrameForm } from '../contract/first-frame.ts';
import type { FirstName } from '../contract/names.ts';
import type { Resource } from '../contract.ts';
import { jsonFirstFrame } from '../handshake/json-first-frame.ts';
import { sonioxRefusal } from './errors.ts';

export const sonioxFirstFrame = (where: FirstFrameForm['in']): FirstFrameForm =>
  jsonFirstFrame({ in: where, members: ['api_key'], resources, refusalEvent: sonioxRefusal });

export const sonioxFirstName: FirstName = { nameIn: (event) => textAt(event, 'model'), refusalEvent: sonioxRefusal };

/** A model that is left out is one of Soniox's choice. */
function resources(event: JsonObject): readonly Resource[] {
  const name = textAt(event, 'model');
  return name === undefined ? [] : [{ kind: 'model', name }];
}
