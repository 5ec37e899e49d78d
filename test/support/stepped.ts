// A router with the steps of its classes over scripted LLM gateways, for one test at a time.

import { type MakeStep, withSteps } from '../../server/side/llm/steps/steps.ts';
import { type Routing, routing } from './routing.ts';

export function stepped(makers: readonly MakeStep[], written: Parameters<typeof routing>[0]): Routing {
  const plain = routing(written);
  const router = withSteps(plain.router, {
    classes: plain.config.classes,
    makers,
    run: (...asked) => router.run(...asked),
  });
  return { ...plain, router };
}
