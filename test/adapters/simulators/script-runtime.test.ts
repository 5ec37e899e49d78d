// The clock and the plan of a simulator.

import { expect, test } from 'vitest';
import { createId } from '../../../adapters/simulators/random-id.ts';
import { ScriptRuntime } from '../../../adapters/simulators/script-runtime.ts';

const sends = (stage: ScriptRuntime, nowMs: number, input: () => void = () => {}) =>
  stage.run(nowMs, input).map((action) => (action.do === 'send' ? action.data : action.do));

test('steps run at their time, in the order of their times and then of their planning', () => {
  const stage = new ScriptRuntime();
  stage.run(0, () => {
    stage.after(20, () => stage.send('late'));
    stage.after(10, () => stage.send('first'));
    stage.after(10, () => stage.send('second'));
  });
  expect(stage.wakeAtMs).toBe(10);
  expect(sends(stage, 9)).toEqual([]);
  expect(sends(stage, 10)).toEqual(['first', 'second']);
  expect(stage.wakeAtMs).toBe(20);
  expect(sends(stage, 25)).toEqual(['late']);
  expect(stage.wakeAtMs).toBeUndefined();
});

test('a step that comes late still plans from its own time', () => {
  const stage = new ScriptRuntime();
  const times: number[] = [];
  const tick = (): void => {
    times.push(stage.nowMs);
    stage.after(10, tick);
  };
  stage.run(0, () => stage.after(10, tick));
  stage.run(35, () => {});
  expect(times).toEqual([10, 20, 30]);
  expect(stage.nowMs).toBe(35);
});

test('what is due runs before an input of a later time', () => {
  const stage = new ScriptRuntime();
  stage.run(0, () => stage.after(10, () => stage.send('planned')));
  expect(sends(stage, 11, () => stage.send('input'))).toEqual(['planned', 'input']);
});

test('a cancelled step does not run and asks for no time', () => {
  const stage = new ScriptRuntime();
  stage.run(0, () => stage.after(10, () => stage.send('never')).cancel());
  expect(stage.wakeAtMs).toBeUndefined();
  expect(sends(stage, 100)).toEqual([]);
});

test('time never goes backwards', () => {
  const stage = new ScriptRuntime();
  stage.run(50, () => {});
  stage.run(40, () => stage.after(5, () => stage.send('x')));
  expect(stage.wakeAtMs).toBe(55);
});

test('speech goes to whoever asked for that text at that rate, and only once', () => {
  const stage = new ScriptRuntime();
  const heard: string[] = [];
  const asked = stage.run(0, () => {
    stage.speak('a', 24_000, () => heard.push('a at 24'));
    stage.speak('a', 8000, () => heard.push('a at 8'));
  });
  expect(asked.map((action) => action.do)).toEqual(['speak', 'speak']);
  const samples = new Int16Array(1);
  stage.run(1, () => stage.deliverSpeech({ text: 'a', sampleRateHz: 8000, samples }));
  stage.run(2, () => stage.deliverSpeech({ text: 'a', sampleRateHz: 8000, samples }));
  stage.run(3, () => stage.deliverSpeech({ text: 'b', sampleRateHz: 24_000, samples }));
  expect(heard).toEqual(['a at 8']);
});

test('a close is the last action: nothing is sent, planned or answered after it', () => {
  const stage = new ScriptRuntime();
  stage.run(0, () => stage.after(5, () => stage.send('never')));
  const actions = stage.run(1, () => {
    stage.close(1001, 'over');
    stage.send('never');
    stage.speak('never', 8000, () => {});
    stage.after(1, () => stage.send('never'));
    stage.close(1000, 'again');
  });
  expect(actions).toEqual([{ do: 'close', code: 1001, reason: 'over' }]);
  expect(stage.wakeAtMs).toBeUndefined();
  expect(stage.run(9, () => stage.send('never'))).toEqual([]);
});

test('ids have their prefix, their length and only letters and digits', () => {
  const ids = Array.from({ length: 100 }, () => createId('item_'));
  expect(ids.every((id) => /^item_[A-Za-z0-9]{21}$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(100);
});
