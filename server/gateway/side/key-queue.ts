// Holds what waits to be stored in a queue for each key, and takes from them in turn: what one key has much of delays no other key.
// Rule: within a key the order stays.

interface Held {
  readonly items: number;
  readonly bytes: number;
}

/** Items that were taken, in order. They count as held until they are let go. */
export interface Taken<Item> {
  readonly items: readonly Item[];
  readonly parts: readonly Part[];
}

/** The part of one key. */
interface Part extends Held {
  readonly key: string | undefined;
}

interface Entry<Item> {
  readonly item: Item;
  readonly bytes: number;
}

/** `items` and `bytes` include what was taken and not yet let go. */
interface Queue<Item> {
  readonly waiting: Entry<Item>[];
  items: number;
  bytes: number;
}

const NOTHING: Held = { items: 0, bytes: 0 };

export class KeyQueues<Item> {
  /** Only of keys that hold something; who was served last comes last. */
  readonly #queues = new Map<string | undefined, Queue<Item>>();
  readonly #all = { items: 0, bytes: 0 };
  #waiting = 0;

  get all(): Held {
    return this.#all;
  }

  /** True when there is nothing to take. */
  get isEmpty(): boolean {
    return this.#waiting === 0;
  }

  /** Number of keys that hold something, this one included. */
  keysWith(key: string | undefined): number {
    return this.#queues.size + (this.#queues.has(key) ? 0 : 1);
  }

  of(key: string | undefined): Held {
    return this.#queues.get(key) ?? NOTHING;
  }

  /** `key`: undefined in open mode. */
  add(key: string | undefined, item: Item, bytes: number): void {
    const queue = this.#queues.get(key) ?? { waiting: [], items: 0, bytes: 0 };
    this.#queues.set(key, queue);
    queue.waiting.push({ item, bytes });
    this.#waiting += 1;
    this.#count(queue, { items: 1, bytes });
  }

  /** Takes up to that much, at least one item, one of each key in turn. */
  take(limits: Held): Taken<Item> {
    const taken: Entry<Item>[] = [];
    const parts = new Map<string | undefined, { items: number; bytes: number }>();
    let bytes = 0;
    while (taken.length < limits.items) {
      const [key, queue] = this.#next() ?? [];
      const [first] = queue?.waiting ?? [];
      if (queue === undefined || first === undefined) break;
      bytes += first.bytes;
      if (taken.length > 0 && bytes > limits.bytes) break;
      queue.waiting.shift();
      this.#waiting -= 1;
      taken.push(first);
      const part = parts.get(key) ?? { items: 0, bytes: 0 };
      parts.set(key, { items: part.items + 1, bytes: part.bytes + first.bytes });
      // Behind all others.
      this.#queues.delete(key);
      this.#queues.set(key, queue);
    }
    return { items: taken.map(({ item }) => item), parts: [...parts].map(([key, part]) => ({ key, ...part })) };
  }

  /** Forgets what was taken. */
  letGo({ parts }: Taken<Item>): void {
    for (const { key, items, bytes } of parts) {
      const queue = this.#queues.get(key);
      if (queue === undefined) continue;
      this.#count(queue, { items: -items, bytes: -bytes });
      if (queue.items === 0) this.#queues.delete(key);
    }
  }

  clear(): void {
    this.#queues.clear();
    this.#waiting = 0;
    this.#all.items = 0;
    this.#all.bytes = 0;
  }

  #next(): [key: string | undefined, queue: Queue<Item>] | undefined {
    for (const entry of this.#queues) if (entry[1].waiting.length > 0) return entry;
    return undefined;
  }

  #count(queue: { items: number; bytes: number }, { items, bytes }: Held): void {
    for (const held of [queue, this.#all]) {
      held.items += items;
      held.bytes += bytes;
    }
  }
}
