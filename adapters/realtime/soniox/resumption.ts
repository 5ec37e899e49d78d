// Goes on with a transcription of Soniox at another socket, which begins with the configuration of the first one. How far words are final is told in
// milliseconds of sound; a stream may be ended early, and is to be restarted then (document).

import { eventType } from '../../../codecs/json/event-type.ts';
import { isObject, type JsonObject, readObject } from '../../../codecs/json/object.ts';
import { type Said, type Told, type TranscriptReader, transcriptionResumption } from '../resumption/transcription.ts';
import { pcmSampleBytes } from '../sound.ts';

/** The status of an error by which Soniox asks for a restart. */
const RESTART = 503;

export const sonioxResumption = transcriptionResumption((): TranscriptReader => {
  let bytesPerSecond: number | undefined;
  const configured = (configuration: JsonObject | undefined): Said => {
    bytesPerSecond = rateOf(configuration);
    return 'opening';
  };
  return {
    get bytesPerSecond() {
      return bytesPerSecond;
    },
    isSilenceTold: true,
    times: {
      names: new Set(['start_ms', 'end_ms', 'final_audio_proc_ms', 'total_audio_proc_ms']),
      perSecond: 1000,
    },
    said({ data, binary }) {
      if (data.length === 0) return 'end';
      if (binary) return { sound: data.length };
      const type = eventType(data);
      if (type === undefined) return configured(readObject(data));
      return type === 'finalize' ? 'mark' : undefined;
    },
    told(event): Told {
      if (event.error_code !== undefined) return { error: event.error_code === RESTART ? 'here' : 'everywhere' };
      const tokens = Array.isArray(event.tokens) ? event.tokens.filter(isObject) : [];
      const { final_audio_proc_ms: final } = event;
      return {
        finalTo: typeof final === 'number' ? final / 1000 : undefined,
        isSpeech: tokens.some(({ is_final }) => is_final !== true),
        isLast: event.finished === true,
      };
    },
  };
});

/** Bytes of a second; 0 for a format that is found out from the sound. Raw sound of 8 bits has names of its own. */
function rateOf(configuration: JsonObject | undefined): number {
  const { audio_format: format, sample_rate: rate, num_channels: channels = 1 } = configuration ?? {};
  const bytes = format === 'mulaw' || format === 'alaw' ? 1 : pcmSampleBytes(format);
  const bytesPerSecond = bytes * Number(rate) * Number(channels);
  return Number.isFinite(bytesPerSecond) ? bytesPerSecond : 0;
}
