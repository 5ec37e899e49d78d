// Transcriptions of AssemblyAI that survive their provider's socket, over real sockets: what the next one is told, and what the client sees.

import { afterEach, describe, expect, test } from 'vitest';
import { closed } from '../../../support/inbox.ts';
import { playedCall, soundOf } from '../../../support/played-call.ts';
import { endCalls } from '../../../support/surviving-call.ts';
import { until } from '../../../support/until.ts';

afterEach(endCalls);

const RATE = 16_000;

describe('a transcription of AssemblyAI', () => {
  const PATH = '/v3/ws?sample_rate=8000&speech_model=universal-streaming-english';
  const begin = (endsIn: (number: number) => number) => (number: number) => [
    { type: 'Begin', id: `s${number}`, expires_at: Math.ceil(Date.now() / 1000) + endsIn(number) },
  ];
  const turn = (turn_order: number, end_of_turn: boolean, ends: readonly number[]) => ({
    ...{ type: 'Turn', turn_order, end_of_turn, turn_is_formatted: true, transcript: 'word' },
    words: ends.map((end) => ({ text: 'word', start: end - 100, end, confidence: 1 })),
  });

  test('moves between turns ahead of the end that its provider has set, and is billed for both sockets', async () => {
    const { say, leg, events, closes, client } = await playedCall(
      PATH,
      begin((number) => (number === 1 ? 2 : 3600)),
    );
    say({ type: 'UpdateConfiguration', keyterms_prompt: ['noon'] });
    say(soundOf(800, RATE));
    const first = await leg(1);
    await until(() => first.sound().length > 0);
    first.tell(turn(0, true, [200]));
    first.tell(turn(1, false, [500]));
    // The next socket is open, and waits for the end of the turn.
    const second = await leg(2);
    expect(second.sound()).toHaveLength(0);
    first.tell(turn(1, true, [600]));
    await until(() => second.sound().length > 0);
    expect(second.said).toEqual([{ type: 'UpdateConfiguration', keyterms_prompt: ['noon'] }]);
    expect(second.sound()).toEqual(soundOf(800, RATE).subarray(0.6 * RATE));
    second.tell(turn(0, true, [150]));
    await until(() => events.length === 5);
    expect(events[4]).toEqual({
      ...turn(2, true, []),
      words: [{ text: 'word', start: 650, end: 750, confidence: 1 }],
    });
    say({ type: 'Terminate' });
    await until(() => second.said.length === 2);
    second.tell({ type: 'Termination', audio_duration_seconds: 0.2, session_duration_seconds: 10 });
    await until(() => events.length === 6);
    expect(events[5]?.audio_duration_seconds).toBe(0.8);
    expect(events[5]?.session_duration_seconds).toBeGreaterThan(10.5);
    expect(events.filter(({ type }) => type === 'Begin')).toHaveLength(1);
    expect(closes).toEqual([]);
    second.ws.close(1000);
    expect(await closed(client)).toMatchObject({ code: 1000 });
  });

  test('hides the error of a session that has lasted as long as it may, and ends with any other', async () => {
    const { say, leg, events, client } = await playedCall(
      PATH,
      begin(() => 3600),
    );
    say(soundOf(100, RATE));
    const first = await leg(1);
    first.tell({ type: 'Error', error_code: 3008, error: 'Session Expired: Maximum session duration exceeded' });
    first.ws.close(3008, 'Session Expired');
    const second = await leg(2);
    await until(() => second.sound().length > 0);
    second.tell({ type: 'Error', error_code: 3007, error: 'Input Duration' });
    second.ws.close(3007);
    expect(await closed(client)).toMatchObject({ code: 3007 });
    expect(events.map(({ type }) => type)).toEqual(['Begin', 'Error']);
  });
});
