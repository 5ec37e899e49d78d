// Reads the head of an interim HTTP response (RFC 9110, section 15.2), such as the 101 of an upgrade.
// Rule: a head that does not follow the grammar exactly is not read at all.

interface InterimHead {
  readonly status: number;
  /** Values by lower-case name. Values of the same name are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Length of the head, its empty line included. */
  readonly length: number;
}

/** The largest head that is read: the limit of Node's own parser. */
const MAX_HEAD_BYTES = 16 * 1024;
const HEAD_END = '\r\n\r\n';
const START = 'HTTP/1.1 1';
const STATUS_LINE = /^HTTP\/1\.1 (1\d\d) [\t\x20-\x7e\x80-\xff]*$/;
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/;

/** Reads a head. `partial`: more bytes are needed. undefined: the bytes need a parser that knows all of HTTP. */
export function readInterimHead(bytes: Buffer): InterimHead | 'partial' | undefined {
  const start = bytes.toString('latin1', 0, START.length);
  if (!START.startsWith(start)) return undefined;
  const end = bytes.indexOf(HEAD_END);
  if (end > MAX_HEAD_BYTES) return undefined;
  if (end < 0) return bytes.length > MAX_HEAD_BYTES ? undefined : 'partial';
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = STATUS_LINE.exec(statusLine)?.[1];
  const headers = readFields(lines);
  if (status === undefined || headers === undefined) return undefined;
  return { status: Number(status), headers, length: end + HEAD_END.length };
}

function readFields(lines: readonly string[]): Record<string, string> | undefined {
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const [, name, value] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const lower = name.toLowerCase();
    const earlier = headers[lower];
    headers[lower] = earlier === undefined ? value.trim() : `${earlier}, ${value.trim()}`;
  }
  return headers;
}
