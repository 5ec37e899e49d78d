// Runs what a class does around its calls, in the order of the steps: each may change the call, answer it itself, or look at its answer. Rule: a
// class without steps costs nothing.

import type { ClassConfig } from '../../../config/side/llm-schema.ts';
import type { SideConfig } from '../../../config/side-schema.ts';
import type { Call, Router, StreamSink } from '../call.ts';
import { type LiveRouter, withRun } from '../router.ts';

/** `next` runs the call, by the steps that follow and then on the targets. */
type Step = (call: Call, sink: StreamSink | undefined, next: Router['run']) => ReturnType<Router['run']>;

interface StepOptions {
  /** Name of the class. */
  readonly name: string;
  readonly config: ClassConfig;
  /** Runs another call as if it came from outside: under its own class, budgets, ledger and span. */
  readonly run: Router['run'];
  /** Runs the call itself in the class that it names now, with the steps of that one. */
  readonly runInClass: Router['run'];
}

/** Makes the step of a class; undefined where its configuration has none. */
export type MakeStep = (options: StepOptions) => Step | undefined;

export interface StepsOptions extends Pick<StepOptions, 'run'> {
  readonly classes: SideConfig['classes'];
  /** From the outermost to the innermost. */
  readonly makers: readonly MakeStep[];
}

/** Returns a router that runs the steps of the class of a call around it. Those of a configuration are made when it comes into force. */
export function withSteps(router: LiveRouter, { classes, makers, run }: StepsOptions): LiveRouter {
  const stepsOf = (inForce: SideConfig['classes']): ReadonlyMap<string, Router['run']> => {
    const runInClass: Router['run'] = (call, sink) => (made.get(call.promptClass) ?? router.run)(call, sink);
    const made: ReadonlyMap<string, Router['run']> = new Map(
      Object.entries(inForce).flatMap(([name, config]) => {
        const steps = makers.flatMap((make) => make({ name, config, run, runInClass }) ?? []);
        return steps.length === 0 ? [] : [[name, around(steps, (call, sink) => router.run(call, sink))]];
      }),
    );
    return made;
  };
  let now = stepsOf(classes);
  /** Calls within their steps: between two runs of the router nothing else knows of them. */
  const running = new Set<Promise<unknown>>();
  const stepped = withRun(router, (call, sink) => {
    const steps = now.get(call.promptClass);
    if (steps === undefined) return router.run(call, sink);
    const answer = steps(call, sink).finally(() => running.delete(answer));
    running.add(answer);
    return answer;
  });
  stepped.idle = async () => {
    while (running.size > 0) await Promise.allSettled(running);
    await router.idle();
  };
  stepped.use = (config, prices) => {
    router.use(config, prices);
    now = stepsOf(config.classes);
  };
  return stepped;
}

const around = (steps: readonly Step[], run: Router['run']): Router['run'] =>
  steps.reduceRight<Router['run']>((next, step) => (call, sink) => step(call, sink, next), run);
