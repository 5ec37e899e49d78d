// A relay in front of Postgres that reads the statements with parameters, or without, which clients send through it.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

export interface StatementRelay {
  /** The URL of the database, through the relay. */
  readonly url: string;
  /** Texts of all statements so far, in order. Several in one simple query are one text. */
  readonly texts: readonly string[];
  close(): void;
}

export async function startStatementRelay(database: string): Promise<StatementRelay> {
  const url = new URL(database);
  const { hostname } = url;
  const port = Number(url.port);
  const texts: string[] = [];
  const server = createServer((socket) => {
    const postgres = connect(port, hostname);
    const read = readerOf(texts);
    socket.on('data', read);
    socket.pipe(postgres).pipe(socket);
    for (const end of [socket, postgres]) end.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.port = String((server.address() as AddressInfo).port);
  return { url: url.href, texts, close: () => server.close() };
}

/** A message has a type and a length that counts itself; the first one of a connection has no type. */
function readerOf(texts: string[]): (data: Buffer) => void {
  let rest = Buffer.alloc(0);
  let typeBytes = 0;
  return (data) => {
    rest = Buffer.concat([rest, data]);
    for (;;) {
      if (rest.length < typeBytes + 4) return;
      const end = typeBytes + rest.readUInt32BE(typeBytes);
      if (rest.length < end) return;
      const type = typeBytes === 0 ? '' : String.fromCharCode(rest[0] ?? 0);
      const strings = rest
        .subarray(typeBytes + 4, end)
        .toString()
        .split('\0');
      if (type === 'Q') texts.push(strings[0] ?? '');
      // The name of a prepared statement stands before its text.
      if (type === 'P') texts.push(strings[1] ?? '');
      rest = rest.subarray(end);
      typeBytes = 1;
    }
  };
}
