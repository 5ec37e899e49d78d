// Fields that clients of chat completions send, on endpoints of other forms.

import { expect, test } from 'vitest';
import { renameExtraFields } from '../../../../adapters/llm/chat/dialogue.ts';

test('values that change nothing are left out, and others without a name there are refused', () => {
  const inert = { presence_penalty: 0, frequency_penalty: 0, logprobs: false, logit_bias: {}, top_p: 1, min_p: 0 };
  expect(renameExtraFields({ ...inert, stop: 'x' }, { stop: 'stop_sequences', top_p: 'top_p' })).toEqual({
    stop_sequences: ['x'],
  });
  for (const extra of [{ presence_penalty: 0.5 }, { logit_bias: { 5: 1 } }, { logprobs: true }])
    expect(() => renameExtraFields(extra, {})).toThrow(expect.objectContaining({ code: 'unsupported' }));
});
