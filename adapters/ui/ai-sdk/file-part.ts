// Files of a message: images, documents and audio, as a data: URL, behind a URL, or by their id at a provider.

import { isObject, type JsonObject, textAt } from '../../../codecs/json/object.ts';
import { audioFormat } from '../audio-format.ts';
import { UiFault } from '../contract.ts';
import type { UiPart } from './ui-message.ts';

/** A part of the content of an input message of OpenAI Responses. @throws UiFault */
export function fileContent({ part, field }: UiPart): JsonObject {
  const { mediaType, filename, providerReference } = part;
  if (typeof mediaType !== 'string' || mediaType === '')
    throw new UiFault(`${field}.mediaType`, 'expected a media type such as image/png');
  const isImage = /^image(?:\/|$)/i.test(mediaType);
  const detail = textAt(part, 'providerMetadata', 'openai', 'imageDetail');
  const image = { type: 'input_image', detail: detail ?? 'auto' };
  const id = isObject(providerReference) ? referenced(providerReference, field) : undefined;
  if (id !== undefined) return isImage ? { ...image, file_id: id } : { type: 'input_file', file_id: id };
  const url = fileUrl(part, field);
  if (isImage) return { ...image, image_url: url };
  const audio = /^data:audio\/([\w.+-]+)[;,]/i.exec(url.slice(0, 200))?.[1]?.toLowerCase();
  if (audio !== undefined) return audioContent(audio, url);
  const name = typeof filename === 'string' && filename !== '' ? filename : undefined;
  return url.startsWith('data:')
    ? { type: 'input_file', filename: name ?? 'file', file_data: url }
    : { type: 'input_file', file_url: url };
}

function audioContent(subtype: string, url: string): JsonObject {
  return { type: 'input_audio', input_audio: { data: url.slice(url.indexOf(',') + 1), format: audioFormat(subtype) } };
}

function fileUrl({ url }: JsonObject, field: string): string {
  if (typeof url === 'string' && /^(?:data:|https?:\/\/)/i.test(url.slice(0, 8))) return url;
  throw new UiFault(`${field}.url`, 'expected a data: URL, or one of http or https');
}

/** The only id, or that at OpenAI, whose form a request has. */
function referenced(ids: JsonObject, field: string): string {
  const [first, ...others] = Object.values(ids);
  const id = typeof ids.openai === 'string' ? ids.openai : others.length === 0 ? first : undefined;
  if (typeof id === 'string') return id;
  throw new UiFault(`${field}.providerReference`, 'expected the id of one provider');
}
