// Answers whether a new session and a new call would be served: asks all processes each second, and tells what changes in the log and in
// metrics. Rule: a process that says nothing is no process that is ready.

import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import type { Rpc } from '../ipc/channel/rpc.ts';
import { withDeadline } from '../platform/deadline.ts';
import { type AccountReport, PARTS, type Part, type Readiness, type Reason } from '../platform/load/readiness.ts';
import type { Child } from './child.ts';

/** Processes that do the same work, of which one is enough. */
export interface Members {
  readonly name: 'gateway' | 'side' | 'rehearsal';
  readonly children: readonly Child[];
  /** The parts that cannot be served without any of them. */
  readonly parts: readonly Part[];
}

/** Processes of one kind. `reasons`: why those that run would refuse something; those of the store are the side process's. */
interface ProcessDetails extends Pick<Members, 'name'> {
  readonly wanted: number;
  readonly running: number;
  /** Those that run and have said nothing for too long. */
  readonly silent: number;
  readonly reasons: readonly Reason[];
}

/** `processes`: how many gateway processes find the account so. */
type AccountDetails = AccountReport & { readonly processes: Readonly<Record<AccountReport['state'], number>> };

export interface ReadinessDetails {
  /** `serving`, or the code of the reason why nothing is served yet, or any more. */
  readonly phase: string;
  readonly processes: readonly ProcessDetails[];
  readonly accounts: readonly AccountDetails[];
}

interface ReadinessOptions {
  readonly log: Logger;
  readonly registry: Registry;
  /** The parts that are served here. */
  readonly parts: readonly Part[];
  members(): readonly Members[];
}

const LOOK_MS = 1000;
/** Probes often wait for a second only. */
const ANSWER_MS = 700;
/** Silence after which new sessions or calls would wait in vain; a busy process may be late. */
const SILENT_MS = 3000;
/** Time without a reason, after which it counts as over in the log: limits that are reached now and then do not fill it. */
const SETTLED_MS = 5000;

/** The last answer of a process. `heardAt` is on the clock of `performance`. */
interface Heard {
  readonly rpc: Rpc;
  answer: Readiness;
  heardAt: number;
  asked: Promise<void> | undefined;
}

export class ReadinessWatch {
  readonly #options: ReadinessOptions;
  readonly #heard = new WeakMap<Child, Heard>();
  /** Reasons that the log has told, by code, with the time of the last look that found them. */
  readonly #told = new Map<string, { seenAt: number; readonly parts: readonly Part[] }>();
  #phase: Reason | undefined = { code: 'starting', message: 'not everything has started' };
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReadinessOptions) {
    this.#options = options;
    const { registry, parts } = options;
    exportReadiness(registry, parts, () => this.#reasons());
  }

  started(): void {
    this.#phase = undefined;
    this.#timer = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  draining(): void {
    this.#phase = { code: 'draining', message: 'no new sessions: the gateway is shutting down' };
    clearInterval(this.#timer);
  }

  /** Tells what the answer that came last was made of. */
  details(): ReadinessDetails {
    const groups = this.#options.members();
    const processes = groups.map((group) => ({ name: group.name, ...this.#groupDetails(group) }));
    const told = groups.flatMap(({ children }) => children.flatMap((child) => this.#answerOf(child)?.accounts ?? []));
    const names = [...new Set(told.map(({ name }) => name))];
    const accounts = names.map((name) => worstOf(told.filter((report) => report.name === name)));
    return { phase: this.#phase?.code ?? 'serving', processes, accounts };
  }

  /** Resolves with the reasons for which the parts are refused, within a second. */
  async look(): Promise<Readiness> {
    const children = this.#options.members().flatMap((group) => group.children);
    await withDeadline(Promise.all(children.map((child) => this.#ask(child))), ANSWER_MS).catch(() => {});
    const reasons = this.#reasons();
    if (this.#phase === undefined) this.#tell(reasons);
    return reasons;
  }

  /** Asks once at a time: a process that hangs has one question to answer. */
  #ask(child: Child): Promise<void> | undefined {
    const { rpc } = child;
    if (rpc === undefined) return undefined;
    const known = this.#heard.get(child);
    const heard: Heard = known?.rpc === rpc ? known : { rpc, answer: {}, heardAt: performance.now(), asked: undefined };
    this.#heard.set(child, heard);
    heard.asked ??= rpc
      .call<Readiness>('readiness')
      .then((answer) => {
        heard.answer = answer;
        heard.heardAt = performance.now();
      })
      .catch(() => {})
      .finally(() => {
        heard.asked = undefined;
      });
    return heard.asked;
  }

  #reasons(): Readiness {
    const { parts, members } = this.#options;
    const all = members();
    const reasons = Object.fromEntries(
      parts.map((part) => {
        if (this.#phase !== undefined) return [part, [this.#phase]];
        const found = all.flatMap((group) => [
          ...(group.parts.includes(part) ? this.#absence(group) : []),
          ...group.children.flatMap((child) => this.#answerOf(child)?.[part] ?? []),
        ]);
        return [part, onceEach(found)];
      }),
    );
    return { ...reasons, ...this.#catalogues(all) };
  }

  /** The catalogues as the first process that has some tells of them: the owner is the first of the side processes. */
  #catalogues(all: readonly Members[]): Pick<Readiness, 'catalogues'> {
    const children = all.flatMap((group) => group.children);
    const told = children.map((child) => this.#answerOf(child)?.catalogues ?? []);
    const first = told.find((catalogues) => catalogues.length > 0);
    return first === undefined ? {} : { catalogues: first };
  }

  /** The last answer of a process that runs. */
  #answerOf(child: Child): Readiness | undefined {
    return child.rpc && this.#heard.get(child)?.answer;
  }

  #groupDetails({ children, parts }: Members): Omit<ProcessDetails, 'name'> {
    const running = children.filter(({ rpc }) => rpc !== undefined);
    const reasons = running.flatMap((child) => parts.flatMap((part) => this.#answerOf(child)?.[part] ?? []));
    const silent = running.filter((child) => this.#isSilent(child)).length;
    const shown = reasons.map(({ code, message }) => ({ code, message }));
    return { wanted: children.length, running: running.length, silent, reasons: onceEach(shown) };
  }

  #isSilent(child: Child): boolean {
    const heard = this.#heard.get(child);
    return heard !== undefined && heard.rpc === child.rpc && performance.now() - heard.heardAt > SILENT_MS;
  }

  #absence({ name, children }: Members): readonly Reason[] {
    const running = children.filter(({ rpc }) => rpc !== undefined);
    if (running.length === 0) return [{ code: `${name}_down`, message: `no ${name} process runs` }];
    return running.some((child) => this.#isSilent(child))
      ? [{ code: `${name}_silent`, message: `a ${name} process does not answer` }]
      : [];
  }

  #tell(readiness: Readiness): void {
    const { log } = this.#options;
    const now = performance.now();
    for (const { code, message } of new Set(PARTS.flatMap((part) => readiness[part] ?? []))) {
      const told = this.#told.get(code);
      const parts = PARTS.filter((part) => readiness[part]?.some((reason) => reason.code === code));
      this.#told.set(code, { seenAt: now, parts: told?.parts ?? parts });
      if (told === undefined) log.warn({ reason: code, parts, why: message }, 'not ready');
    }
    for (const [code, { seenAt, parts }] of this.#told) {
      if (now - seenAt < SETTLED_MS) continue;
      this.#told.delete(code);
      log.info({ reason: code, parts }, 'ready again');
    }
  }
}

const onceEach = (reasons: readonly Reason[]): readonly Reason[] => [
  ...new Map(reasons.map((reason) => [reason.code, reason])).values(),
];

/** One process that finds an account down is enough to say so; its reason is the one that is told. */
function worstOf(reports: readonly AccountReport[]): AccountDetails {
  const of = (state: AccountReport['state']) => reports.filter((report) => report.state === state);
  const [down, up, unknown] = [of('down'), of('up'), of('unknown')];
  const [worst = reports[0]] = [...down, ...up];
  return {
    ...(worst as AccountReport),
    processes: { up: up.length, down: down.length, unknown: unknown.length },
  };
}

function exportReadiness(registry: Registry, parts: readonly Part[], read: () => Readiness): void {
  const registers = [registry];
  const ready: Gauge = new Gauge({
    name: 'trunkline_ready',
    help: '1 where a new session, or a new call, would be served; 0 where it would be refused',
    labelNames: ['part'],
    registers,
    collect() {
      const readiness = read();
      for (const part of parts) ready.set({ part }, readiness[part]?.length === 0 ? 1 : 0);
    },
  });
  const reasons: Gauge = new Gauge({
    name: 'trunkline_not_ready',
    help: 'reasons for which a new session, or a new call, would be refused now',
    labelNames: ['part', 'reason'],
    registers,
    collect() {
      reasons.reset();
      const readiness = read();
      for (const part of parts) for (const { code } of readiness[part] ?? []) reasons.set({ part, reason: code }, 1);
    },
  });
}
