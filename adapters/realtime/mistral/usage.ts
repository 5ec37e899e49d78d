// The usage that Mistral reports when all that was sent is done: tokens, and the seconds of audio that it heard (read in the SDKs).

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import type { Usage } from '../contract/observation.ts';
import { soundUsage } from '../usage-fault.ts';

export function reportedUsage(event: JsonObject | undefined): Usage | undefined {
  const { usage } = event ?? {};
  if (!isObject(usage)) return undefined;
  return soundUsage(usage, {
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens,
    totalTokens: usage.total_tokens,
    inputAudioSeconds: usage.prompt_audio_seconds,
  });
}
