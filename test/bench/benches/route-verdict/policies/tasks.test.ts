// Tasks with known answers: the same for a seed, of all kinds, easy and hard, and each answer in its form.

import { expect, test } from 'vitest';
import { KINDS, makeTasks } from '../../../../../bench/benches/route-verdict/policies/tasks.ts';
import { fitCheckOf } from '../../../../../server/side/llm/answer/json-schema.ts';

const tasks = makeTasks(400, 1);

test('the same seed makes the same tasks, and another one others', () => {
  expect(makeTasks(400, 1)).toEqual(tasks);
  expect(makeTasks(400, 2)).not.toEqual(tasks);
});

test('every kind has easy and hard tasks, each with a name of its own in its text', () => {
  for (const kind of KINDS) {
    const own = tasks.filter((task) => task.kind === kind);
    expect(own).toHaveLength(100);
    const hard = own.filter(({ isHard }) => isHard).length;
    expect(hard).toBeGreaterThan(20);
    expect(hard).toBeLessThan(60);
  }
  expect(new Set(tasks.map(({ id }) => id)).size).toBe(400);
  expect(tasks.every(({ id, text }) => text.startsWith(`Ticket ${id}. `))).toBe(true);
});

test('the known answer and the wrong one have the form that is asked for, and differ', () => {
  for (const { schema, answer, wrong } of tasks) {
    const fits = fitCheckOf(schema);
    expect([fits(answer), fits(wrong)]).toEqual([true, true]);
    expect(wrong).not.toEqual(answer);
  }
});

test('answers are right: what the words of a task say, worked out here again', () => {
  for (const { kind, isHard, text, answer } of tasks) {
    const numbers = (text.slice(text.indexOf('.')).match(/\d+/g) ?? []).map(Number) as [number, number, number, number];
    if (kind === 'arithmetic') {
      const [boxes, each, broken, price] = numbers;
      expect(answer).toEqual({ result: isHard ? (boxes * each - broken) * price + boxes : boxes * each });
    }
    if (kind === 'form') {
      const counts = [...text.matchAll(/takes (\d+) of/g)].map(([, count]) => Number(count));
      expect(answer.total).toBe(counts.reduce((sum, count) => sum + count, 0));
      expect(text).toContain(`${answer.name} takes ${counts[0]} of part 1,`);
    }
    if (kind === 'extraction') {
      const name = /pieces of what (\w+) ordered/.exec(text)?.[1];
      expect(text).toContain(
        `Order ${answer.order}: ${answer.pieces} pieces for ${name}, to be sent to ${answer.city} `,
      );
    }
  }
});
