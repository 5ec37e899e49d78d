// The texts of a call and of its answer, in whatever form, for the checks of a class. Rule: what is not known to be no text is one.

import type { LlmCall } from '../../../../../adapters/llm/contract.ts';
import { ServerSentEventReader } from '../../../../../adapters/llm/index.ts';
import { isObject, type JsonObject, parseJson } from '../../../../../codecs/json/object.ts';
import { visitTexts } from '../redact/stream.ts';

/** Fields that hold words of a protocol, or ids. */
const NO_TEXT = /^(?:type|role|model|object|status|finish_reason|id|.*_id|obfuscation)$/;
/** Objects whose fields are the app's own. */
const FREE = /\.(?:input|metadata|properties|variables|headers)\.[^.]/;
const BYTES_FIELD = /^(?:data|file_data|b64_json|result|signature|encrypted_content)$/;
const BYTES = /^[\w+/=-]{64,}$/;
const DATA_URL = /^data:[\w/+.;=-]{0,200};base64,[\w+/=-]*$/;

export const textsOfCall = ({ messages, extra, native }: LlmCall): readonly string[] =>
  textsIn(native?.body ?? { messages, extra });

/** The texts of a whole answer. Its copies of what was asked are none of it. */
export const textsOfAnswer = ({ choices, output, content }: JsonObject): readonly string[] =>
  textsIn({ choices, output, content });

function textsIn(value: object): readonly string[] {
  const texts: string[] = [];
  visitTexts(value, PLACE, (text, { channel }) => {
    if (isText(channel, text)) texts.push(text);
  });
  return texts;
}

const PLACE = { channel: '', isPiece: false, isJson: false };

function isText(channel: string, text: string): boolean {
  if (text === '' || DATA_URL.test(text)) return false;
  const field = channel.slice(channel.lastIndexOf('.') + 1);
  if (BYTES_FIELD.test(field) && BYTES.test(text)) return false;
  return !NO_TEXT.test(field) || FREE.test(channel);
}

/** Collects the texts of a streamed answer out of its pieces. */
export class StreamedTexts {
  readonly #events = new ServerSentEventReader(Number.POSITIVE_INFINITY);
  readonly #texts = new Map<string, string[]>();

  push(bytes: Buffer): void {
    for (const { data } of this.#events.push(bytes)) {
      const event = data === undefined ? undefined : parseJson(data);
      if (isObject(event)) this.#take(event);
    }
  }

  get texts(): readonly string[] {
    return [...this.#texts.values()].map((pieces) => pieces.join(''));
  }

  #take(event: JsonObject): void {
    const { type, output_index: item, content_index: part, summary_index: summary, index } = event;
    const channel = [type, item, part, summary, index].join(' ');
    visitTexts(event, { ...PLACE, channel }, (text, place) => {
      if (!place.isPiece || !isText(place.channel, text)) return;
      const pieces = this.#texts.get(place.channel);
      if (pieces === undefined) this.#texts.set(place.channel, [text]);
      else pieces.push(text);
    });
  }
}
