// TLS toward providers: what all their connections share, and the tickets by which a provider resumes a session instead of proving again
// who it is. Rule: a ticket is used once, only for the host and port that gave it, and its certificate was checked here.

import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import { type ConnectionOptions, connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';

/** Tickets that are kept for an origin. A provider gives one or two with each connection, and each is for one more. */
const MOST_TICKETS = 16;
/** Time since a certificate was checked after which it is checked anew (RFC 8446, section 4.6.1, has a week at most for each ticket). */
const CHECKED_FOR_MS = 3_600_000;

interface Ticket {
  /** The session as Node gives it, which works for one server name only. */
  readonly session: Buffer;
  /** Monotonic ms. Those that come on a resumed connection have the time of the first. */
  readonly checkedAtMs: number;
}

interface Origin {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** The trust of the process is that of the first connection: what is made with it, tickets too, is never used under another. */
export class ProviderTls {
  /** The oldest ticket first. */
  readonly #tickets = new Map<string, Ticket[]>();
  #context: SecureContext | undefined;

  /** Connects on a new TCP connection, or on `options.socket`. The certificate must be one for the host. */
  connect({ host, port }: Origin, options: ConnectionOptions): TLSSocket {
    const origin = `${host} ${port}`;
    const ticket = this.#takeTicket(origin);
    this.#context ??= createSecureContext({ minVersion: 'TLSv1.2' });
    const socket = connect({
      ...options,
      host,
      port,
      servername: isIP(host) ? '' : host,
      ALPNProtocols: ['http/1.1'],
      secureContext: this.#context,
      session: ticket?.session,
    });
    this.#keepTickets(socket, { origin, checkedAtMs: ticket?.checkedAtMs });
    return socket;
  }

  #takeTicket(origin: string): Ticket | undefined {
    const ticket = this.#tickets.get(origin)?.pop();
    return ticket && performance.now() - ticket.checkedAtMs < CHECKED_FOR_MS ? ticket : undefined;
  }

  /** `checkedAtMs`: of the ticket that the connection is opened with. */
  #keepTickets(socket: TLSSocket, { origin, checkedAtMs }: { origin: string; checkedAtMs: number | undefined }): void {
    socket.on('session', (session: Buffer) => {
      // Some releases of Node give tickets before they have checked whose certificate it is.
      if (!socket.authorized) return;
      const checked = socket.isSessionReused() ? checkedAtMs : undefined;
      this.#keep(origin, { session, checkedAtMs: checked ?? performance.now() });
    });
    if (checkedAtMs !== undefined) this.#forgetAtFault(socket, origin);
  }

  /** A provider that breaks off at a ticket gets no more of them. */
  #forgetAtFault(socket: TLSSocket, origin: string): void {
    const forget = (): void => void this.#tickets.delete(origin);
    socket.once('error', forget).once('close', forget);
    socket.once('secureConnect', () => void socket.off('error', forget).off('close', forget));
  }

  #keep(origin: string, ticket: Ticket): void {
    const tickets = this.#tickets.get(origin) ?? [];
    this.#tickets.set(origin, tickets);
    if (tickets.push(ticket) > MOST_TICKETS) tickets.shift();
  }
}
