// Events of OpenAI Realtime in both directions, spelled so that anything that parses and writes them again would change their bytes.

const event = (text: string, id: number): string => text.replace('{', `{ "event_id":"event_${id}",`);

/** Events of clients: audio, text, tools, settings, and fields that no gateway knows. */
export const UPSTREAM: readonly string[] = [
  '{"type":"session.update","session":{"type":"realtime","instructions":"Be brief.","audio":{"output":{"speed":1.0}}}}',
  '{"type":"input_audio_buffer.append","audio":"AAAAAAAAAAAAAAAAAAAAAAAAAAAA"}',
  '{"type":"input_audio_buffer.commit"}',
  '{"type":"input_audio_buffer.clear"}',
  '{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"caf\\u00e9"}]}}',
  '{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"call_1","output":"{\\"ok\\":true}"}}',
  '{"type":"conversation.item.truncate","item_id":"item_1","content_index":0,"audio_end_ms":1e3}',
  '{"type":"conversation.item.retrieve","item_id":"item_1"}',
  '{"type":"conversation.item.delete","item_id":"item_1"}',
  '{"type":"response.create","response":{"output_modalities":["audio"],"a_field_of_tomorrow":{"deep":[1.50]}}}',
  '{"type":"output_audio_buffer.clear"}',
].map(event);

const USAGE =
  '{"total_tokens":300,"input_tokens":200,"output_tokens":100,"input_token_details":{"text_tokens":100,"audio_tokens":100,"cached_tokens":0},"output_token_details":{"text_tokens":20,"audio_tokens":80}}';

/** Events of providers; the first one greets. The last but one has the usage that the ledger is to have. */
export const DOWNSTREAM: readonly string[] = [
  '{"type":"session.created","session":{"type":"realtime","object":"realtime.session","id":"sess_1","model":"bench"}}',
  '{"type":"session.updated","session":{"type":"realtime","object":"realtime.session","id":"sess_1","model":"bench"}}',
  '{"type":"input_audio_buffer.speech_started","audio_start_ms":0,"item_id":"item_1"}',
  '{"type":"input_audio_buffer.speech_stopped","audio_end_ms":900,"item_id":"item_1"}',
  '{"type":"input_audio_buffer.committed","previous_item_id":null,"item_id":"item_1"}',
  '{"type":"conversation.item.added","previous_item_id":null,"item":{"id":"item_1","type":"message","role":"user","content":[]}}',
  '{"type":"conversation.item.input_audio_transcription.completed","item_id":"item_1","content_index":0,"transcript":"My invoice."}',
  '{"type":"response.created","response":{"id":"resp_1","object":"realtime.response","status":"in_progress","output":[]}}',
  '{"type":"response.output_audio.delta","response_id":"resp_1","item_id":"item_2","output_index":0,"content_index":0,"delta":"AAAAAAAA"}',
  '{"type":"response.output_audio_transcript.delta","response_id":"resp_1","item_id":"item_2","delta":"Gerne\\u2026"}',
  '{"type":"response.function_call_arguments.done","response_id":"resp_1","call_id":"call_1","arguments":"{\\"n\\":1.0}"}',
  '{"type":"rate_limits.updated","rate_limits":[{"name":"requests","limit":1e4,"remaining":9999,"reset_seconds":0.006}]}',
  '{"type":"an.event.of.tomorrow","with":{"numbers":[1.0,2e2],"text":"\\u00fc"}}',
  `{"type":"response.done","response":{"id":"resp_1","object":"realtime.response","status":"completed","output":[],"usage":${USAGE}}}`,
  '{"type":"conversation.item.done","item":{"id":"item_2","type":"message","role":"assistant","content":[]}}',
].map(event);
