// The virtual clock of a script, its timers and its actions.

import { expect, test } from 'vitest';
import { ScriptRuntime } from '../../../adapters/simulators/script-runtime.ts';

const sends = (runtime: ScriptRuntime, nowMs: number, input: () => void = () => {}) =>
  runtime.run(nowMs, input).map((action) => (action.do === 'send' ? action.data : action.do));

test('timers run at their time, in the order of their times and then of their planning', () => {
  const runtime = new ScriptRuntime();
  runtime.run(0, () => {
    runtime.after(20, () => runtime.send('late'));
    runtime.after(10, () => runtime.send('first'));
    runtime.after(10, () => runtime.send('second'));
  });
  expect(runtime.wakeAtMs).toBe(10);
  expect(sends(runtime, 9)).toEqual([]);
  expect(sends(runtime, 10)).toEqual(['first', 'second']);
  expect(runtime.wakeAtMs).toBe(20);
  expect(sends(runtime, 25)).toEqual(['late']);
  expect(runtime.wakeAtMs).toBeUndefined();
});

test('a timer that runs late still plans from its own time', () => {
  const runtime = new ScriptRuntime();
  const times: number[] = [];
  const tick = (): void => {
    times.push(runtime.nowMs);
    runtime.after(10, tick);
  };
  runtime.run(0, () => runtime.after(10, tick));
  runtime.run(35, () => {});
  expect(times).toEqual([10, 20, 30]);
  expect(runtime.nowMs).toBe(35);
});

test('due timers run before an input of a later time', () => {
  const runtime = new ScriptRuntime();
  runtime.run(0, () => runtime.after(10, () => runtime.send('planned')));
  expect(sends(runtime, 11, () => runtime.send('input'))).toEqual(['planned', 'input']);
});

test('a cancelled timer does not run and asks for no time', () => {
  const runtime = new ScriptRuntime();
  runtime.run(0, () => runtime.after(10, () => runtime.send('never')).cancel());
  expect(runtime.wakeAtMs).toBeUndefined();
  expect(sends(runtime, 100)).toEqual([]);
});

test('the clock never goes backwards', () => {
  const runtime = new ScriptRuntime();
  runtime.run(50, () => {});
  runtime.run(40, () => runtime.after(5, () => runtime.send('x')));
  expect(runtime.wakeAtMs).toBe(55);
});

test('speech is delivered to its request, and not after the end', () => {
  const runtime = new ScriptRuntime();
  const delivered: string[] = [];
  const actions = runtime.run(0, () => {
    runtime.speak('a', 24_000, () => delivered.push('a at 24'));
    runtime.speak('a', 8000, (samples) => delivered.push(`a at 8: ${samples.length}`));
  });
  expect(actions.map((action) => action.do)).toEqual(['speak', 'speak']);
  const [at24, at8] = actions.filter((action) => action.do === 'speak');
  at8?.spoken(new Int16Array(1), 1);
  runtime.end();
  at24?.spoken(new Int16Array(1), 2);
  expect(delivered).toEqual(['a at 8: 1']);
});

test('a close is the last action: nothing is sent, planned or answered after it', () => {
  const runtime = new ScriptRuntime();
  runtime.run(0, () => runtime.after(5, () => runtime.send('never')));
  const actions = runtime.run(1, () => {
    runtime.close(1001, 'over');
    runtime.send('never');
    runtime.speak('never', 8000, () => {});
    runtime.after(1, () => runtime.send('never'));
    runtime.close(1000, 'again');
  });
  expect(actions).toEqual([{ do: 'close', code: 1001, reason: 'over' }]);
  expect(runtime.wakeAtMs).toBeUndefined();
  expect(runtime.run(9, () => runtime.send('never'))).toEqual([]);
});
