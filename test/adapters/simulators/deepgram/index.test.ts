// The messages of Deepgram's transcription and speech on a virtual clock.

import { describe, expect, test } from 'vitest';
import { simulatorRoutes } from '../../../../adapters/simulators/index.ts';
import { concatSamples, pcm16Bytes } from '../../../../codecs/audio/pcm16.ts';
import { at, Dialogue, silence, tone } from '../../../support/dialogue.ts';
import { handshakeOf } from '../../../support/handshakes.ts';

const RATE = 16_000;
const times = { firstAudioMs: 300, firstTextMs: 200, tokenMs: 10, audioSpeed: 10, transcriptionMs: 150 };
const open = (url: string): Dialogue => new Dialogue(url, { options: { times } });
const linear = 'encoding=linear16&sample_rate=16000';

function speak(dialogue: Dialogue, samples: Int16Array): void {
  for (let start = 0; start < samples.length; start += RATE / 10) {
    dialogue.sendSound(pcm16Bytes(samples.subarray(start, start + RATE / 10)));
    dialogue.advance(100);
  }
}

const turn = concatSamples([tone(1000, RATE), silence(800, RATE)]);

describe('/v1/listen', () => {
  test('tells what was heard, and how much at the end', () => {
    const dialogue = open(`/v1/listen?model=nova-3&vad_events=true&utterance_end_ms=1000&${linear}`);
    speak(dialogue, turn);
    dialogue.advance(500);
    expect(dialogue.types).toEqual(['SpeechStarted', 'Results', 'UtteranceEnd']);
    const result = dialogue.one('Results');
    expect(result).toMatchObject({ is_final: true, speech_final: true, start: 0 });
    expect(at(result, 'channel.alternatives.0.transcript')).toBe('(1 second of speech)');
    dialogue.send({ type: 'CloseStream' });
    expect(dialogue.one('Metadata')).toMatchObject({ duration: 1.8, channels: 1 });
    expect(dialogue.closed?.code).toBe(1000);
  });

  test('finalizes on demand, and ends without sound', () => {
    const dialogue = open(`/v1/listen?${linear}`);
    speak(dialogue, tone(1000, RATE));
    dialogue.send({ type: 'Finalize' });
    expect(dialogue.one('Results')).toMatchObject({ from_finalize: true });
    dialogue.advance(9800);
    expect(dialogue.closed).toBeUndefined();
    dialogue.advance(300);
    expect(dialogue.closed).toMatchObject({ code: 1011, reason: expect.stringContaining('NET-0001') });
  });

  test.each(['/v1/listen', '/v1/listen?encoding=opus', `/v2/listen?encoding=linear16&sample_rate=7`])(
    'what it cannot hear is refused, in the shape of the provider: %s',
    (url) => {
      const handshake = handshakeOf(url);
      const refusal = simulatorRoutes.find(({ path }) => path === handshake.path)?.refusal(handshake);
      expect([refusal?.status, JSON.parse(String(refusal?.body)).err_code]).toEqual([400, 'Bad Request']);
    },
  );
});

test('/v2/listen tells of turns, which the client may end', () => {
  const dialogue = open(`/v2/listen?model=flux-general-en&${linear}`);
  speak(dialogue, turn);
  dialogue.advance(500);
  speak(dialogue, tone(1000, RATE));
  dialogue.send({ type: 'ForceEndTurn' });
  const turns = dialogue.all('TurnInfo').map(({ event, turn_index, trigger }) => [event, turn_index, trigger]);
  expect(turns).toEqual([
    ['StartOfTurn', 0, undefined],
    ['EndOfTurn', 0, 'model'],
    ['StartOfTurn', 1, undefined],
    ['EndOfTurn', 1, 'manual'],
  ]);
  expect(dialogue.messages.map(({ event }) => event.sequence_id)).toEqual([0, 1, 2, 3, 4]);
});

test('/v1/speak speaks what was flushed, and drops what is cleared', () => {
  const dialogue = open('/v1/speak?model=aura-2-thalia-en');
  dialogue.send({ type: 'Speak', text: 'Hello ' });
  dialogue.send({ type: 'Speak', text: 'there.' });
  dialogue.send({ type: 'Flush' });
  dialogue.advance(5000);
  expect(dialogue.types).toEqual(['Metadata', 'sound', 'Flushed']);
  expect(dialogue.spoken).toEqual(['This is the rehearsal provider. You wrote: Hello there.']);
  dialogue.send({ type: 'Speak', text: 'More.' });
  dialogue.send({ type: 'Flush' });
  dialogue.advance(310);
  dialogue.send({ type: 'Clear' });
  dialogue.advance(5000);
  expect(dialogue.types.slice(3)).toEqual(['sound', 'Cleared']);
  dialogue.send({ type: 'Close' });
  expect(dialogue.closed?.code).toBe(1000);
});

test('/v2/speak speaks in turns, counts characters, and is interrupted', () => {
  const dialogue = open('/v2/speak?model=flux-haley-en&encoding=mulaw&sample_rate=8000');
  dialogue.send({ type: 'Interrupt' });
  expect(dialogue.one('Warning').code).toBe('NO_AUDIO_GENERATED');
  dialogue.send({ type: 'Speak', text: 'Hello.' });
  dialogue.send({ type: 'Flush' });
  dialogue.advance(5000);
  expect(dialogue.types.slice(2)).toEqual(['SpeechStarted', 'sound', 'SpeechMetadata']);
  expect(dialogue.one('SpeechMetadata')).toMatchObject({ billable_character_count: 6 });
  dialogue.send({ type: 'Speak', text: 'More.' });
  dialogue.send({ type: 'Flush' });
  dialogue.advance(400);
  dialogue.send({ type: 'Interrupt' });
  expect(dialogue.types.at(-1)).toBe('SpeechInterrupted');
  dialogue.send({ type: 'Close' });
  expect(dialogue.one('SessionMetadata')).toMatchObject({ total_billable_character_count: 11 });
});

test.each(['/v1/listen', '/v1/speak', '/v2/speak'])('%s ends with a message that it does not know', (path) => {
  const dialogue = open(`${path}?${linear}`);
  dialogue.send('no JSON');
  expect(dialogue.closed?.code).toBe(1008);
});
