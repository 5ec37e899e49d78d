// Interruptions: they silence the reply, tell the provider and mark the caption, never one without the others.

import { describe, expect, test } from 'vitest';
import { modeOf } from '../../../../server/console/dialects/modes.ts';
import { settle } from '../../../support/console-fakes.ts';
import { live, pcm, reply, state, textForm } from '../../../support/console-session.ts';

describe('interrupting', () => {
  test('speech that the provider detects silences the reply, and the provider is told what was played', async () => {
    const fake = await live();
    reply(fake.socket, 'a', 3000);
    fake.player.play(24 * 740);
    fake.socket.receive({ type: 'input_audio_buffer.speech_started', item_id: 'u1' });
    await settle();
    expect(fake.socket.sent.at(-1)).toEqual({
      type: 'conversation.item.truncate',
      item_id: 'a',
      content_index: 0,
      audio_end_ms: 740,
    });
    expect(state(fake)).toMatchObject({ callerSpeaking: true, truncations: [{ itemId: 'a', playedMs: 740 }] });
    expect(state(fake).captions).toMatchObject([{ id: 'a', truncatedAtMs: 740 }, { id: 'u1' }]);
    expect(state(fake).output.queuedSamples).toBe(0);
  });

  test('a written message interrupts with a cancel, then a truncate, then the message', async () => {
    const fake = await live();
    reply(fake.socket, 'a', 3000);
    fake.player.play(24 * 500);
    await fake.controller.write(' Stop, please ');
    expect(fake.socket.sentTypes().slice(1)).toEqual([
      'response.cancel',
      'conversation.item.truncate',
      'conversation.item.create',
    ]);
    fake.socket.receive({ type: 'response.done', response: { status: 'cancelled' } });
    expect(fake.socket.sentTypes().at(-1)).toBe('response.create');
    expect(state(fake).captions.map(({ text }) => text)).toEqual(['Hello', 'Stop, please']);
  });

  test('a reply that has been received but is still playing is truncated without a cancel', async () => {
    const fake = await live();
    reply(fake.socket, 'a', 3000);
    fake.socket.receive({ type: 'response.output_audio.done', item_id: 'a' });
    fake.socket.receive({ type: 'response.done', response: { status: 'completed' } });
    fake.player.play(24 * 100);
    await fake.controller.stopReply();
    expect(fake.socket.sentTypes().slice(1)).toEqual(['conversation.item.truncate']);
  });

  test('nothing is sent when there is no reply to interrupt', async () => {
    const fake = await live();
    fake.socket.receive({ type: 'input_audio_buffer.speech_started', item_id: 'u1' });
    await fake.controller.stopReply();
    expect(fake.socket.sentTypes()).toEqual(['session.update']);
  });

  test('an interruption that Gemini announces silences the page and sends nothing', async () => {
    const fake = await live({ mode: modeOf('gemini-live-voice') });
    fake.socket.receive({ setupComplete: {} });
    const inlineData = { data: pcm(2000), mimeType: 'audio/pcm;rate=24000' };
    fake.socket.receive({ serverContent: { modelTurn: { parts: [{ inlineData }] } } });
    fake.player.play(24 * 300);
    fake.socket.receive({ serverContent: { interrupted: true } });
    await settle();
    expect(fake.socket.sent).toHaveLength(1);
    expect(state(fake)).toMatchObject({
      truncations: [{ playedMs: 300, receivedMs: 2000 }],
      output: { queuedSamples: 0 },
    });
  });

  test('a reply that only the page silences counts as interrupted, though the provider continues it', async () => {
    const fake = await live({ mode: modeOf('gemini-live-voice') });
    fake.socket.receive({ setupComplete: {} });
    const inlineData = { data: pcm(2000), mimeType: 'audio/pcm;rate=24000' };
    fake.socket.receive({ serverContent: { modelTurn: { parts: [{ inlineData }] } } });
    fake.player.play(24 * 300);
    await fake.controller.stopReply();
    expect(state(fake)).toMatchObject({ replying: true, silenced: true, turns: [{ outcome: 'open', silenced: true }] });
    fake.socket.receive({ serverContent: { turnComplete: true } });
    expect(state(fake)).toMatchObject({ replying: false, silenced: false, turns: [{ silenced: true }] });
  });

  test('a written reply that is stopped is marked as interrupted, though its text was called complete', async () => {
    const fake = await live(textForm);
    await fake.controller.write('tell me');
    fake.socket.receive({ type: 'response.created', response: { id: 'r' } });
    fake.socket.receive({ type: 'response.output_text.delta', item_id: 'a', delta: 'Once' });
    await fake.controller.stopReply();
    expect(fake.socket.sentTypes().at(-1)).toBe('response.cancel');
    fake.socket.receive({ type: 'response.output_text.done', item_id: 'a', text: 'Once' });
    fake.socket.receive({ type: 'response.done', response: { status: 'cancelled' } });
    expect(state(fake).captions.at(-1)).toMatchObject({ text: 'Once', endedBy: 'interrupted' });
  });
});
