// Tells of each frame to which turn of the session it belongs, in every dialect that the page speaks. A turn begins with what the caller says, and
// what comes after its reply still belongs to it.

import { objectOrEmpty } from '../api/loose-json.ts';
import type { DialectMessage } from '../dialects/dialect.ts';
import type { LoggedFrame } from '../session/connection.ts';

type Sign = 'begins' | 'begins-after-reply' | 'ends' | 'goes-on' | undefined;

export class EventTurns {
  /** 0 before the first turn. */
  #turn = 0;
  #isReplied = true;

  /** Returns the number of the turn. `type`: see `typeOf`. */
  turnOf(direction: LoggedFrame['direction'], type: string, message: DialectMessage): number {
    const sign = direction === 'upstream' ? signOfClient(type, message) : signOfProvider(type, message);
    if (sign === 'begins' || (sign === 'begins-after-reply' && this.#isReplied)) {
      this.#turn += 1;
      this.#isReplied = false;
    }
    if (sign === 'ends') this.#isReplied = true;
    // The result of a tool is a part of the reply.
    if (sign === 'goes-on') this.#isReplied = false;
    return this.#turn;
  }
}

const CLIENT_SIGNS: Readonly<Record<string, Sign>> = {
  'input_audio_buffer.commit': 'begins-after-reply',
  'realtimeInput.activityStart': 'begins',
  'realtimeInput.text': 'begins',
  clientContent: 'begins',
  toolResponse: 'goes-on',
};

function signOfClient(type: string, message: DialectMessage): Sign {
  if (type === 'conversation.item.create') return isToolResult(message.item) ? 'goes-on' : 'begins';
  if (type !== 'response.create') return CLIENT_SIGNS[type];
  const { input } = message;
  if (!Array.isArray(input)) return 'begins-after-reply';
  return input.some(isToolResult) ? 'goes-on' : 'begins';
}

const isToolResult = (item: unknown): boolean => String(objectOrEmpty(item).type).endsWith('_output');

const REPLY_ENDS = ['response.completed', 'response.failed', 'response.incomplete'];

/** A reply that was cut off ends after the turn that cut it off has begun. */
function signOfProvider(type: string, message: DialectMessage): Sign {
  if (type === 'input_audio_buffer.speech_started') return 'begins';
  if (type === 'response.done') return objectOrEmpty(message.response).status === 'cancelled' ? undefined : 'ends';
  if (REPLY_ENDS.includes(type) || type.includes('serverContent.turnComplete')) return 'ends';
  const isReply = type === 'response.created' || type.startsWith('serverContent.inputTranscription');
  return isReply || type.startsWith('serverContent.modelTurn') ? 'begins-after-reply' : undefined;
}
