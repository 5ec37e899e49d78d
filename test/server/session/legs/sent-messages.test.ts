// The messages that are kept for a client which may come back.

import { expect, test } from 'vitest';
import { SentMessages } from '../../../../server/session/legs/sent-messages.ts';

const frame = (text: string) => ({ data: Buffer.from(text), binary: false });
const texts = (sent: SentMessages, received: number) => sent.after(received).map(({ data }) => String(data));

test('the newest messages are kept, as far as their memory goes', () => {
  const sent = new SentMessages(3 * (128 + 4));
  for (const text of ['aaaa', 'bbbb', 'cccc', 'dddd']) sent.add(frame(text));
  expect(sent.count).toBe(4);
  expect(sent.has(0)).toBe(false);
  expect(texts(sent, 1)).toEqual(['bbbb', 'cccc', 'dddd']);
});

test('many small messages take no more than their limit: each counts for what it takes beside its bytes', () => {
  const sent = new SentMessages(1280);
  for (let index = 0; index < 1000; index++) sent.add(frame(''));
  expect(sent.has(990)).toBe(true);
  expect(sent.has(989)).toBe(false);
});
