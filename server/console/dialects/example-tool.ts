// The one example function that the page offers to a model and answers itself.

import type { DialectMessage, FunctionCallItem } from './dialect.ts';

export const exampleTool = {
  name: 'get_local_time',
  description: 'The local date and time of the person who is talking, and their time zone.',
  parameters: { type: 'object', properties: {}, required: [] },
} as const;

/** Answers a call. An unknown function is answered with an error, so that the model can go on. */
export function answerTool(call: FunctionCallItem, now: Date): DialectMessage {
  if (call.name !== exampleTool.name) return { error: `this page has no function ${call.name}` };
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return { local_time: now.toLocaleString('en-GB', { dateStyle: 'full', timeStyle: 'medium' }), time_zone: timeZone };
}
