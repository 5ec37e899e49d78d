// Tests the steps that classes have around their calls.

import { expect, test } from 'vitest';
import { classSchema } from '../../../../../server/config/side/llm-schema.ts';
import type { Answered, Call } from '../../../../../server/side/llm/call.ts';
import type { LiveRouter } from '../../../../../server/side/llm/router.ts';
import { type MakeStep, withSteps } from '../../../../../server/side/llm/steps/steps.ts';

const classOf = (fields = {}) =>
  classSchema.parse({ targets: [{ gateway: 'router', model: 'vendor/small' }], ...fields });

function recorded() {
  const said: string[] = [];
  const inner: LiveRouter = {
    classes: [],
    use: () => said.push('use'),
    idle: async () => {},
    close: async () => {},
    run: async ({ model }) => {
      said.push(`targets: ${model}`);
      return { kind: 'answered' } as Answered;
    },
  };
  const naming =
    (word: string): MakeStep =>
    ({ name, config }) =>
      config.maxTokens === undefined
        ? undefined
        : async (call, sink, next) => {
            said.push(`${word} of ${name} before`);
            const outcome = await next({ ...call, model: `${call.model}.${word}` }, sink);
            said.push(`${word} of ${name} after`);
            return outcome;
          };
  return { said, inner, makers: [naming('outer'), naming('inner')] };
}

const callOf = (promptClass: string) => ({ promptClass, model: 'm' }) as Call;

test('Steps run around a call from the outermost to the innermost, and each sees the call as the one before left it.', async () => {
  const { said, inner, makers } = recorded();
  const classes = { stepped: classOf({ maxTokens: 1 }), plain: classOf() };
  const router = withSteps(inner, { classes, makers, run: inner.run });
  await router.run(callOf('stepped'));
  expect(said).toEqual([
    'outer of stepped before',
    'inner of stepped before',
    'targets: m.outer.inner',
    'inner of stepped after',
    'outer of stepped after',
  ]);
});

test('A class without steps goes to its targets at once, and a new configuration has its own steps.', async () => {
  const { said, inner, makers } = recorded();
  const router = withSteps(inner, { classes: { plain: classOf() }, makers, run: inner.run });
  await router.run(callOf('plain'));
  router.use(
    { classes: { plain: classOf({ maxTokens: 1 }) } } as unknown as Parameters<LiveRouter['use']>[0],
    {} as never,
  );
  await router.run(callOf('plain'));
  expect(said.slice(0, 3)).toEqual(['targets: m', 'use', 'outer of plain before']);
});
