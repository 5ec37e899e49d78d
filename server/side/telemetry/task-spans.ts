// The spans of side tasks: one for each run, below the session that it is about, with its calls below it.

import { sessionTrace, taskTrace } from '../llm/attempt/trace-id.ts';
import type { TaskTracing } from '../tasks/run-task.ts';
import { subjectOf } from './call-spans.ts';
import { GEN_AI, OWN } from './names.ts';
import type { Telemetry } from './telemetry.ts';

export function createTaskTracing(telemetry: Pick<Telemetry, 'tracer'>): TaskTracing {
  return {
    begin: (task, session) => telemetry.tracer && taskTrace(task, session, telemetry.tracer.sample),
    end(trace, { task, session, startedAt, outcome }) {
      const error = outcome === undefined ? 'internal' : 'error' in outcome ? outcome.error?.split(':')[0] : undefined;
      telemetry.tracer?.end({
        name: `task ${task.kind}`,
        kind: 'internal',
        context: trace,
        parent: session && sessionTrace(session, telemetry.tracer.sample),
        startedAt,
        endedAt: Date.now(),
        attributes: {
          ...subjectOf(task),
          [GEN_AI.conversation]: task.session,
          [OWN.task]: task.id,
          [OWN.taskKind]: task.kind,
          [OWN.taskState]: outcome?.state,
          [OWN.taskRun]: task.attempts,
          [OWN.isRehearsal]: task.isRehearsal || undefined,
        },
        error,
      });
    },
  };
}
