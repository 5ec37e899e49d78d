// The scripts of Deepgram's speech: texts are collected until Flush, and spoken one after another.

import { randomUUID } from 'node:crypto';
import { isObject, parseJson, textAt } from '../../../codecs/json/object.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { Connection } from '../contract.ts';
import { createId } from '../random-id.ts';
import type { ProviderScript, ScriptRuntime, VirtualTimer } from '../script-runtime.ts';
import { streamVoice, type VoiceStream } from '../voice/streams.ts';
import type { SoundFormat } from './encoding.ts';

/** A text that was spoken, or as much of it as was. */
interface Spoken {
  readonly id: string;
  readonly text: string;
  readonly ms: number;
}

/** The words of one version. */
interface Vocabulary {
  readonly opened: object;
  /** The type of the message that cuts off what is spoken. */
  readonly cut: string;
  began(id: string): readonly object[];
  ended(spoken: Spoken): readonly object[];
  cutOff(spoken: Spoken | undefined): readonly object[];
  closed(): readonly object[];
}

export class SpeakScript implements ProviderScript {
  readonly #runtime: ScriptRuntime;
  readonly #connection: Connection;
  readonly #format: SoundFormat;
  readonly #vocabulary: Vocabulary;
  #text = '';
  #waiting: string[] = [];
  #turn:
    | { readonly id: string; readonly text: string; readonly voice: VoiceStream; readonly timer: VirtualTimer }
    | undefined;
  #isClosing = false;

  constructor(runtime: ScriptRuntime, connection: Connection, format: SoundFormat, vocabulary: Vocabulary) {
    this.#runtime = runtime;
    this.#connection = connection;
    this.#format = format;
    this.#vocabulary = vocabulary;
  }

  opened(): void {
    this.#send([this.#vocabulary.opened]);
  }

  received({ data, binary }: Frame): void {
    const event = binary ? undefined : parseJson(data.toString());
    const type = isObject(event) ? textAt(event, 'type') : undefined;
    const text = isObject(event) ? textAt(event, 'text') : undefined;
    if (type === 'Speak' && text !== undefined) this.#text += text;
    else if (type === 'Flush') this.#flush();
    else if (type === this.#vocabulary.cut) this.#cutOff();
    else if (type === 'Close') this.#close();
    else if (type === 'Configure') this.#send([{ type: 'ConfigureSuccess', applied: {} }]);
    else {
      this.#send([{ type: 'Error', code: 'DATA-0000', description: 'The message is none of this API.' }]);
      this.#runtime.close(1008, 'DATA-0000');
    }
  }

  ended(): void {}

  #flush(): void {
    this.#waiting.push(this.#text);
    this.#text = '';
    this.#next();
  }

  #next(): void {
    if (this.#turn !== undefined) return;
    const text = this.#waiting.shift();
    if (text !== undefined) this.#speak(text);
    else if (this.#isClosing) this.#end();
  }

  #speak(text: string): void {
    const { times } = this.#connection.options;
    const { sampleRateHz, encode } = this.#format;
    const send = (samples: Int16Array): void => this.#runtime.send(encode(samples), true);
    const voice = streamVoice({ runtime: this.#runtime, times, prompt: { kind: 'text', text }, sampleRateHz, send });
    const id = createId('dg_sp_', 12);
    const timer = this.#runtime.after(times.firstAudioMs, () => {
      this.#send(this.#vocabulary.began(id));
      voice.start(() => {
        this.#turn = undefined;
        this.#send(this.#vocabulary.ended({ id, text, ms: voice.sentMs() }));
        this.#next();
      });
    });
    this.#turn = { id, text, voice, timer };
  }

  #cutOff(): void {
    const turn = this.#turn;
    turn?.timer.cancel();
    turn?.voice.cancel();
    [this.#text, this.#waiting, this.#turn] = ['', [], undefined];
    this.#send(this.#vocabulary.cutOff(turn && { ...turn, ms: turn.voice.sentMs() }));
  }

  #close(): void {
    this.#isClosing = true;
    if (this.#text !== '') this.#flush();
    else this.#next();
  }

  #end(): void {
    this.#send(this.#vocabulary.closed());
    this.#runtime.close(1000, '');
  }

  #send(events: readonly object[]): void {
    for (const event of events) this.#runtime.send(JSON.stringify(event));
  }
}

/** The words of `/v1/speak`. */
export function auraVocabulary(model: string): Vocabulary {
  const requestId = randomUUID();
  let sequence = 0;
  const sequenced = (type: string): object => ({ type, sequence_id: sequence++ });
  return {
    opened: {
      type: 'Metadata',
      request_id: requestId,
      model_name: model,
      model_version: 'rehearsal',
      model_uuid: requestId,
    },
    cut: 'Clear',
    began: () => [],
    ended: () => [sequenced('Flushed')],
    cutOff: () => [sequenced('Cleared')],
    closed: () => [],
  };
}

/** The words of `/v2/speak`. */
export function fluxSpeakVocabulary(model: string): Vocabulary {
  const requestId = randomUUID();
  let [ms, characters] = [0, 0];
  const metadata = ({ id, text, ms: spokenMs }: Spoken): object => {
    [ms, characters] = [ms + spokenMs, characters + text.length];
    return {
      speech_id: id,
      audio_duration_ms: Math.round(spokenMs),
      input_character_count: text.length,
      billable_character_count: text.length,
      controls_applied: { pronunciations_applied: 0, breaks_applied: 0, pronunciation_warnings: 0 },
    };
  };
  const nothing = { type: 'Warning', code: 'NO_AUDIO_GENERATED', description: 'Nothing was spoken so far.' };
  return {
    opened: {
      type: 'Connected',
      request_id: requestId,
      model_name: model,
      model_version: 'rehearsal',
      model_uuids: [requestId],
    },
    cut: 'Interrupt',
    began: (id) => [{ type: 'SpeechStarted', speech_id: id }],
    ended: (spoken) => [{ type: 'SpeechMetadata', ...metadata(spoken) }],
    cutOff(spoken) {
      if (spoken === undefined) return [nothing];
      const said = metadata(spoken);
      return [{ type: 'SpeechInterrupted', audio_played_ms: Math.round(ms), metadata: said }];
    },
    closed: () => [
      {
        type: 'SessionMetadata',
        total_audio_duration_ms: Math.round(ms),
        total_input_character_count: characters,
        total_billable_character_count: characters,
      },
    ],
  };
}
