// Events that look like audio, which is not parsed, and name a model (or hide a key) all the same.

import { AA, type Case, gemini, live, realtime, transcription, translation, updateText } from './frames.ts';

const append = '"type":"input_audio_buffer.append"';

export const audioLookAlikes: readonly Case[] = [
  ['a session after the audio', realtime, `{${append},"audio":"${AA}","session":{"model":"forbidden-9"}}`],
  ['a session before the audio', realtime, `{${append},"session":{"model":"forbidden-9"},"audio":"${AA}"}`],
  ['a session before the type', realtime, `{"session":{"model":"forbidden-9"},${append},"audio":"${AA}"}`],
  [
    'a session after the event id',
    realtime,
    `{${append},"audio":"${AA}","event_id":"e","session":{"model":"forbidden-9"}}`,
  ],
  ['the type twice', realtime, `{${append},"audio":"${AA}","type":"session.update","session":{"model":"forbidden-9"}}`],
  ['the type twice, nothing else', realtime, `{${append},"audio":"${AA}","type":"session.update"}`],
  ['the audio twice', realtime, `{${append},"audio":"${AA}","audio":"${AA}"}`],
  [
    'an escaped quote before the closing one',
    realtime,
    `{${append},"audio":"${AA}\\","session":{"model":"forbidden-9"},"b":""}`,
  ],
  [
    'an escaped backslash before the closing quote',
    realtime,
    `{${append},"audio":"${AA}\\\\","session":{"model":"forbidden-9"}}`,
  ],
  [
    'an escaped quote in the event id',
    realtime,
    `{"event_id":"\\",${append},"audio":"\\","session":{"model":"forbidden-9"}}`,
  ],
  ['an object as audio', realtime, `{${append},"audio":{"a":"${AA}"},"session":{"model":"forbidden-9"}}`],
  [
    'a type that only begins like audio',
    realtime,
    `{"type":"input_audio_buffer.append2","audio":"${AA}","session":{"model":"forbidden-9"}}`,
  ],
  [
    'an escaped type key',
    realtime,
    `{"typ\\u0065":"session.update",${append},"audio":"${AA}","session":{"model":"forbidden-9"}}`,
  ],
  ['a second document behind the audio', realtime, `{${append},"audio":"${AA}"}${updateText}`],
  ['a model beside the audio', realtime, `{${append},"audio":"${AA}","model":"forbidden-9"}`],
  [
    'audio of another dialect',
    realtime,
    `{"type":"session.input_audio.append","audio":"${AA}","session":{"model":"forbidden-9"}}`,
  ],
  [
    'a session after Live audio',
    live,
    `{"type":"session.input_audio.append","audio":"${AA}","session":{"model":"forbidden-9"}}`,
  ],
  [
    'a start that looks like Live audio',
    live,
    `{"audio":"${AA}","type":"session.start","session":{"model":"forbidden-9"}}`,
  ],
  [
    'a session after translation audio',
    translation,
    `{"type":"session.input_audio_buffer.append","audio":"${AA}","session":${JSON.stringify(transcription)}}`,
  ],
  [
    'a setup after the input',
    gemini,
    `{"realtimeInput":{"audio":{"data":"${AA}","mimeType":"audio/pcm"}},"setup":{"model":"models/forbidden-9"}}`,
  ],
  [
    'a setup before the input',
    gemini,
    `{"setup":{"model":"models/forbidden-9"},"realtimeInput":{"audio":{"data":"${AA}","mimeType":"audio/pcm"}}}`,
  ],
  [
    'an escaped quote in the mime type',
    gemini,
    `{"realtimeInput":{"audio":{"data":"${AA}","mimeType":"\\"}},"}},"setup":{"model":"models/forbidden-9"}}`,
  ],
  [
    'an escaped quote in the data',
    gemini,
    `{"realtimeInput":{"audio":{"data":"\\","mimeType":"a"}},"x":{"y":{"z":"","mimeType":"b"}},"setup":{"model":"models/forbidden-9"}}`,
  ],
  [
    'the input twice',
    gemini,
    `{"realtimeInput":{"audio":{"data":"${AA}","mimeType":"a"}},"realtimeInput":{"audio":{"data":"${AA}","mimeType":"a"}}}`,
  ],
  [
    'a second document behind the input',
    gemini,
    `{"realtimeInput":{"audio":{"data":"${AA}","mimeType":"a"}}}{"setup":{"model":"models/forbidden-9"}}`,
  ],
];
