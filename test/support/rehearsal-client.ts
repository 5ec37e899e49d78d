// A client of the rehearsal provider: sends events, keeps the answers, and waits for certain ones.

import { WebSocket } from 'ws';
import { closed, keepInbox, message } from './inbox.ts';

export type ServerEvent = Readonly<Record<string, unknown>>;

/** A connection. `events`: all events that were read so far. */
export class RehearsalClient {
  readonly socket: WebSocket;
  readonly events: ServerEvent[] = [];

  constructor(url: string, protocols: string[] = [], headers: Readonly<Record<string, string>> = {}) {
    this.socket = new WebSocket(url, protocols, { perMessageDeflate: false, headers });
    keepInbox(this.socket);
  }

  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('error', reject);
    });
  }

  send(event: object): void {
    this.socket.send(JSON.stringify(event));
  }

  closed() {
    return closed(this.socket);
  }

  /** Reads until an event fits, and returns that event. */
  async until(fits: (event: ServerEvent) => boolean): Promise<ServerEvent> {
    for (;;) {
      const { data } = await message(this.socket);
      const event = JSON.parse(data.toString()) as ServerEvent;
      this.events.push(event);
      if (fits(event)) return event;
    }
  }

  type(type: string): Promise<ServerEvent> {
    return this.until((event) => event.type === type);
  }

  all(type: string): ServerEvent[] {
    return this.events.filter((event) => event.type === type);
  }
}
