// Endpoint of chat completions of a contender that was started with an LLM endpoint.

import type { ChatEndpoint } from '../bench.ts';

/** Part of a `RunningContender`: nothing when there is no port. */
export const chatAt = (
  port: number | undefined,
  headers: ChatEndpoint['headers'],
  model = 'bench',
): { readonly chat?: ChatEndpoint } =>
  port === undefined ? {} : { chat: { url: `http://127.0.0.1:${port}/v1/chat/completions`, headers, model } };
