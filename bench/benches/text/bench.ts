// Text that is streamed in tokens: how long after the question the first one comes, and how evenly the others follow.

import type {
  Bench,
  BenchContext,
  BenchSettings,
  Load,
  LoadGenerator,
  LoadProvider,
  RunningContender,
  StreamedAnswer,
} from '../../bench.ts';
import { GREET_MS, PATH, startAll } from '../../contenders/start-all.ts';
import { type Percentiles, percentilesMs } from '../../figures/histogram.ts';
import { resourceUsage } from '../../machine/resource-usage.ts';
import type { TextRun, TextVisit } from './data.ts';
import { describeText } from './report.ts';

/** Size of the questions; the tokens are as small as real ones. */
const ASK_BYTES = 400;
const TOKEN_BYTES = 280;
/** Pause between the end of an answer and the next question of its session. */
const REST_MS = 30;
const DRAIN_MS = 3000;

interface Plan {
  readonly answer: StreamedAnswer;
  /** Levels in this order; sessions of earlier levels stay open. */
  readonly levels: readonly { readonly sessions: number; readonly questions: number }[];
  readonly rounds: number;
}

export const text: Bench = {
  name: 'text',
  description: 'time to first token and gaps between tokens of a text that is streamed',
  seconds: (settings, contenders) => {
    const { rounds, ...plan } = planOf(settings);
    const questions = plan.levels.reduce((sum, level) => sum + level.questions + (level.sessions > 1 ? 1 : 0), 0);
    return contenders * (0.5 + ((rounds + 1) * (periodMs(plan.answer) * questions + 2.5 * GREET_MS)) / 1000);
  },
  async run(context) {
    const plan = planOf(context.settings);
    const provider = await context.startProvider({ greetAfterMs: GREET_MS, answer: plan.answer });
    const generator = await context.startGenerator();
    const running = await startAll(context, 'text', { providerPort: provider.port });
    const contenders = context.contenders.filter(({ name }) => running.has(name));
    const data = await context.rounds({ label: 'text', contenders, rounds: plan.rounds }, ({ name }) =>
      visit({ context, provider, generator, running: running.get(name) as RunningContender }, plan),
    );
    return { ...describeText(data, plan.answer, context.settings.seed), figures: [] };
  },
};

function planOf({ isShort, sessions = [1, 50], rounds, seconds }: BenchSettings): Plan {
  const answer = { thinkMs: 30, tokens: isShort ? 20 : 60, gapMs: 10, tokenBytes: TOKEN_BYTES };
  const asked = seconds && Math.max(1, Math.round((seconds * 1000) / periodMs(answer)));
  const questions = (count: number) => asked ?? (count === 1 ? 3 : 1) * (isShort ? 1 : 2);
  const levels = [...sessions].sort((a, b) => a - b).map((count) => ({ sessions: count, questions: questions(count) }));
  return { answer, levels, rounds: rounds ?? (isShort ? 2 : 6) };
}

const periodMs = ({ thinkMs, tokens, gapMs }: StreamedAnswer): number => thinkMs + tokens * gapMs + REST_MS;

interface Parts {
  readonly context: BenchContext;
  readonly provider: LoadProvider;
  readonly generator: LoadGenerator;
  readonly running: RunningContender;
}

async function visit(parts: Parts, { answer, levels }: Plan): Promise<TextVisit> {
  const { context, provider, generator, running } = parts;
  const runs = new Map<number, TextRun>();
  const target = { url: running.url(PATH), headers: running.headers };
  let open = 0;
  try {
    for (const { sessions, questions } of levels) {
      await generator.open({ ...target, sessions: sessions - open });
      open = sessions;
      const frameMs = periodMs(answer);
      const load = {
        frame: 'ask',
        frameBytes: ASK_BYTES,
        frameMs,
        warmUpMs: 0,
        measureMs: questions * frameMs,
      } as const;
      runs.set(sessions, await runText({ ...parts, load, answer, toleranceMs: context.settings.toleranceMs }));
    }
    return runs;
  } finally {
    await generator.close();
    await provider.cleared();
  }
}

interface RunOptions {
  readonly generator: LoadGenerator;
  readonly running: RunningContender;
  readonly load: Load;
  readonly answer: StreamedAnswer;
  readonly toleranceMs: number;
}

/** The sessions are open already. */
async function runText({ generator, running, load, answer, toleranceMs }: RunOptions): Promise<TextRun> {
  await generator.received({ frames: 0, waitMs: 0 });
  await generator.streamed();
  const before = resourceUsage(running.pids);
  const sent = await generator.send(load);
  const tokens = sent.frames * answer.tokens;
  const { frames } = await generator.received({ frames: tokens, waitMs: periodMs(answer) + DRAIN_MS });
  const after = resourceUsage(running.pids);
  const streamed = await generator.streamed();
  const latenessMs = percentilesMs(sent.lateness);
  return {
    ...streamed,
    ttftMs: less(percentilesMs(streamed.firsts), answer.thinkMs),
    gapMs: percentilesMs(streamed.gaps),
    cpuUsPerToken: before && after && (after.cpuNs - before.cpuNs) / 1000 / tokens,
    latenessMs,
    invalid:
      frames < tokens
        ? `${tokens - frames} of ${tokens} tokens did not arrive`
        : latenessMs.p99 > toleranceMs
          ? `the questions were late: p99 ${latenessMs.p99.toFixed(1)} ms`
          : undefined,
  };
}

const less = ({ count, ...ms }: Percentiles, thinkMs: number): Percentiles => ({
  p50: ms.p50 - thinkMs,
  p90: ms.p90 - thinkMs,
  p99: ms.p99 - thinkMs,
  p999: ms.p999 - thinkMs,
  max: ms.max - thinkMs,
  count,
});
