// Text that is streamed in tokens, over realtime sessions, over HTTP and to chats of a page: how long after the question the first one comes, and
// how evenly the others follow.

import type { Bench, BenchContext, BenchSettings, RunningContender } from '../../bench.ts';
import { GREET_MS, startAll } from '../../contenders/start-all.ts';
import { percentilesMs } from '../../figures/histogram.ts';
import type { Load } from '../../load/load.ts';
import type { LoadGenerator } from '../../load/load-processes.ts';
import { type Ends, startEnds, withSessions } from '../../load/sessions.ts';
import type { StreamedAnswer } from '../../load/streamed-answers.ts';
import { cpuMeter } from '../../machine/resource-usage.ts';
import type { TextRun } from './data.ts';
import { describeText } from './report.ts';
import { describeStreams } from './streams/report.ts';
import { runStreams, streamSeconds } from './streams/streams.ts';

/** Size of the questions; the tokens are as small as real ones. */
const ASK_BYTES = 400;
const TOKEN_BYTES = 280;
/** Pause between the end of an answer and the next question of its session. */
const REST_MS = 30;
const DRAIN_MS = 3000;
/** Part of the time that the realtime sessions take. */
const SESSIONS_SHARE = 0.2;

interface Plan {
  readonly answer: StreamedAnswer;
  /** Levels in this order; sessions of earlier levels stay open. */
  readonly levels: readonly { readonly sessions: number; readonly questions: number }[];
  readonly rounds: number;
  readonly toleranceMs: number;
}

export const text: Bench = {
  name: 'text',
  description: 'time to first token and gaps between tokens of a text that is streamed',
  seconds: (settings, contenders) => {
    const { rounds, ...plan } = planOf(settings);
    const questions = plan.levels.reduce((sum, level) => sum + level.questions + (level.sessions > 1 ? 1 : 0), 0);
    const visitMs = periodMs(plan.answer) * questions + 2.5 * GREET_MS;
    return contenders * (0.5 + ((rounds + 1) * visitMs) / 1000) + streamSeconds(settings, contenders);
  },
  async run(context) {
    const sessions = await runSessions(context);
    const streams = describeStreams(await runStreams(context, [SESSIONS_SHARE, 1]), context.settings.seed);
    return {
      figures: streams.figures,
      measures: [...sessions.measures, ...streams.measures],
      tables: [...sessions.tables, ...streams.tables],
      plots: [...sessions.plots, ...streams.plots],
      histograms: { ...sessions.histograms, ...streams.histograms },
      notes: [...sessions.notes, ...streams.notes],
    };
  },
};

/** Text of realtime sessions. */
async function runSessions(context: BenchContext) {
  const plan = planOf(context.settings);
  const { answer, rounds } = plan;
  const ends = await startEnds(context, { greetAfterMs: GREET_MS, answer });
  const contenders = await startAll(context, 'text', { providerPort: ends.provider.port });
  const data = await context.rounds({ label: 'text', contenders, rounds, part: [0, SESSIONS_SHARE] }, (running) =>
    visit(ends, running, plan),
  );
  // Nothing of it runs beside the streams.
  for (const running of contenders.values()) await running.stop();
  await ends.generator.stop();
  return describeText(data, answer, context.settings.seed);
}

function planOf({ isShort, sessions = [1, 50], rounds, seconds, toleranceMs }: BenchSettings): Plan {
  const answer = { thinkMs: 30, tokens: isShort ? 20 : 60, gapMs: 10, tokenBytes: TOKEN_BYTES };
  const asked = seconds && Math.max(1, Math.round((seconds * 1000) / periodMs(answer)));
  const questions = (count: number) => asked ?? (count === 1 ? 3 : 1) * (isShort ? 1 : 2);
  const levels = [...sessions].sort((a, b) => a - b).map((count) => ({ sessions: count, questions: questions(count) }));
  return { answer, levels, rounds: rounds ?? (isShort ? 2 : 6), toleranceMs };
}

const periodMs = ({ thinkMs, tokens, gapMs }: StreamedAnswer): number => thinkMs + tokens * gapMs + REST_MS;

function visit(ends: Ends, running: RunningContender, { answer, levels, toleranceMs }: Plan) {
  return withSessions(ends, running, async (open) => {
    const runs = new Map<number, TextRun>();
    for (const { sessions, questions } of levels) {
      await open(sessions);
      const frameMs = periodMs(answer);
      const times = { frameMs, warmUpMs: 0, measureMs: questions * frameMs };
      const load = { frame: 'ask', frameBytes: ASK_BYTES, ...times } as const;
      runs.set(sessions, await runText(ends.generator, running, { load, answer, toleranceMs }));
    }
    return runs;
  });
}

interface RunOptions {
  readonly load: Load;
  readonly answer: StreamedAnswer;
  readonly toleranceMs: number;
}

/** The sessions are open already. */
async function runText(
  generator: LoadGenerator,
  { pids }: RunningContender,
  { load, answer, toleranceMs }: RunOptions,
): Promise<TextRun> {
  await generator.received();
  await generator.streamed();
  const cpuUs = cpuMeter(pids);
  const sent = await generator.send(load);
  const tokens = sent.frames * answer.tokens;
  const { frames } = await generator.received({ frames: tokens, waitMs: periodMs(answer) + DRAIN_MS });
  const cpuUsPerToken = cpuUs(tokens);
  const streamed = await generator.streamed();
  const latenessMs = percentilesMs(sent.lateness);
  return {
    ...streamed,
    ttftMs: percentilesMs(streamed.firsts, answer.thinkMs),
    gapMs: percentilesMs(streamed.gaps),
    cpuUsPerToken,
    latenessMs,
    invalid:
      frames < tokens
        ? `${tokens - frames} of ${tokens} tokens did not arrive`
        : latenessMs.p99 > toleranceMs
          ? `the questions were late: p99 ${latenessMs.p99.toFixed(1)} ms`
          : undefined,
  };
}
