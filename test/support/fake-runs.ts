// Runs that a test writes itself, in the memory of the test.

import type { JsonObject } from '../../codecs/json/object.ts';
import type { HttpProblem } from '../../server/http/problem.ts';
import type { MeantRun, Run, RunEvent, RunOrder, RunReader, Runs } from '../../server/side/runs/run.ts';
import { ended } from './response-events.ts';

interface Reading {
  readonly reader: RunReader;
  next: number;
  isBusy: boolean;
}

export class FakeRun implements Run {
  id = 'resp_1';
  readonly startedAt = 0;
  readonly isStreamed = true;
  readonly order: RunOrder;
  readonly #events: RunEvent[] = [];
  readonly #readings = new Set<Reading>();
  #isOver = false;
  isCancelled = false;

  constructor(order: RunOrder) {
    this.order = order;
  }

  get chat(): string | undefined {
    return this.order.chat;
  }

  get note(): JsonObject | undefined {
    return this.order.note;
  }

  get readers(): number {
    return this.#readings.size;
  }

  isOver(): boolean {
    return this.#isOver;
  }

  async reaches(sequence: number): Promise<boolean> {
    return sequence < this.#events.length;
  }

  /** Adds events to the log. */
  write(...events: readonly JsonObject[]): void {
    for (const event of events) {
      const sequence = this.#events.length;
      this.#events.push({
        sequence,
        type: String(event.type),
        data: JSON.stringify({ ...event, sequence_number: sequence }),
      });
    }
    for (const reading of this.#readings) void this.#give(reading);
  }

  end(): void {
    this.#isOver = true;
    for (const reading of this.#readings) void this.#give(reading);
  }

  read(after: number, reader: RunReader): () => void {
    const reading = { reader, next: after + 1, isBusy: false };
    this.#readings.add(reading);
    queueMicrotask(() => void this.#give(reading));
    return () => void this.#readings.delete(reading);
  }

  async cancel(): Promise<void> {
    this.isCancelled = true;
    if (this.#isOver) return;
    this.write(ended('incomplete', { status: 'cancelled' }));
    this.end();
  }

  async #give(reading: Reading): Promise<void> {
    if (reading.isBusy) return;
    reading.isBusy = true;
    while (this.#readings.has(reading) && reading.next < this.#events.length) {
      const events = this.#events.slice(reading.next, reading.next + 3);
      reading.next += events.length;
      await reading.reader.onEvents(events);
    }
    reading.isBusy = false;
    if (this.#isOver && this.#readings.delete(reading)) reading.reader.onEnd();
  }
}

export class FakeRuns implements Runs {
  readonly started: FakeRun[] = [];
  /** The answer to the next request, in the place of a run. */
  problem: HttpProblem | undefined;
  /** Called with each run that starts. */
  onStart: (run: FakeRun) => unknown = () => {};

  async start(order: RunOrder): Promise<FakeRun | HttpProblem> {
    if (this.problem !== undefined) return this.problem;
    const run = new FakeRun(order);
    this.started.push(run);
    await this.onStart(run);
    return run;
  }

  async find(id: string): Promise<FakeRun | undefined> {
    return this.started.find((run) => run.id === id);
  }

  async findChat(chat: string, _: unknown, { id, sentAs }: MeantRun = {}): Promise<FakeRun | undefined> {
    const isMeant = (run: FakeRun) =>
      (id === undefined || run.id === id) && (sentAs === undefined || run.note?.sentAs === sentAs);
    return this.started.findLast((run) => run.chat === chat && isMeant(run));
  }
}
