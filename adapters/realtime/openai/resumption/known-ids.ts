// Keeps the ids of a session and its conversation that the client knows, those of the first socket: at later sockets they are others.

import { type JsonObject, textAt } from '../../../../codecs/json/object.ts';
import type { Frame, OutFrame } from '../../../../codecs/websocket/frame.ts';

type Named = 'session' | 'conversation';

export class KnownIds {
  readonly #known: Map<string, string>;
  /** The ids at the newest socket, with those that the client knows. */
  readonly #aliases = new Map<string, string>();

  constructor(known: Iterable<readonly [string, string]> = []) {
    this.#known = new Map(known);
  }

  get all(): readonly (readonly [string, string])[] {
    return [...this.#known];
  }

  remember(what: Named, id: string | undefined): void {
    if (id !== undefined && !this.#known.has(what)) this.#known.set(what, id);
  }

  /** Takes the object of a later socket. */
  alias(
    object: JsonObject | undefined,
    what: Named = object?.object === 'realtime.conversation' ? 'conversation' : 'session',
  ): void {
    const [id, known] = [textAt(object, 'id'), this.#known.get(what)];
    if (id && known !== undefined && id !== known) this.#aliases.set(id, known);
  }

  /** Forgets those of a socket that is gone. */
  moved(): void {
    this.#aliases.clear();
  }

  /** Writes the ids of a later socket as those that the client knows; undefined where there are none. */
  renamed({ data, binary }: Frame): OutFrame | undefined {
    if (this.#aliases.size === 0) return undefined;
    let text: string | undefined;
    for (const [id, known] of this.#aliases)
      if (data.includes(id)) text = (text ?? data.toString()).replaceAll(id, known);
    return text === undefined ? undefined : { data: Buffer.from(text), binary };
  }
}
