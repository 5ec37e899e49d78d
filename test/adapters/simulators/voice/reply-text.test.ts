// The words of the replies.

import { expect, test } from 'vitest';
import { replyText, speechTranscript, textPieces } from '../../../../adapters/simulators/voice/reply-text.ts';

test.each([
  [{ kind: 'speech', speechMs: 2900 } as const, 'I heard 3 seconds of speech.'],
  [{ kind: 'speech', speechMs: 1400 } as const, 'I heard 1 second of speech.'],
  [{ kind: 'speech', speechMs: 200 } as const, 'I heard less than one second of speech.'],
  [{ kind: 'text', text: ' hello\n there ' } as const, 'You wrote: hello there'],
  [{ kind: 'tool', name: 'clock', output: '{"hour":4}' } as const, 'The tool clock answered: {"hour":4}'],
  [{ kind: 'silence' } as const, 'Say something, and I will play it back.'],
])('the prompt %j is answered with what was received', (prompt, sentence) => {
  expect(replyText(prompt)).toBe(`This is the rehearsal provider. ${sentence}`);
});

test('a long text is quoted only in part', () => {
  expect(replyText({ kind: 'text', text: 'word '.repeat(1000) }).length).toBeLessThan(240);
});

test('the pieces of a text make up the text', () => {
  for (const text of ['one two  three', ' lead', 'trail ', 'line\nbreak', '', 'x']) {
    expect(textPieces(text).join('')).toBe(text);
  }
  expect(textPieces('one two three')).toEqual(['one', ' two', ' three']);
});

test('a transcript names the same length of speech as the reply', () => {
  expect(speechTranscript(2940)).toBe('(3 seconds of speech)');
  for (let speechMs = 0; speechMs < 5000; speechMs += 50) {
    expect(`I heard ${speechTranscript(speechMs).slice(1, -1)}.`).toBe(
      replyText({ kind: 'speech', speechMs }).replace('This is the rehearsal provider. ', ''),
    );
  }
});
