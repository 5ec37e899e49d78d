// Forms in parts (RFC 7578), as SDKs send a text beside JSON. Reads strictly: what two parsers could read in two ways is not read.

/** A field of a form. `type`: its media type in lower case, without parameters; '' where it has none. */
export interface FormPart {
  readonly name: string;
  readonly type: string;
  readonly data: Buffer;
}

const MOST_PARTS = 16;
/** Names of header fields and their values (RFC 2046, section 5.1); only these two are read, and parameters but `name` and `filename` not at all. */
const DISPOSITION = /^form-data; name="([^"\r\n\\]*)"(?:; filename="[^"\r\n\\]*")?$/i;
const BLANK_LINE = Buffer.from('\r\n\r\n');

/** The parts of a body, in order; undefined where it is no such form, has a name twice, or could be read in more than one way. */
export function readForm(body: Buffer, contentType: string): readonly FormPart[] | undefined {
  const [, quoted, bare] =
    /^multipart\/form-data\s*;\s*boundary=(?:"([^"\\]+)"|([^\s;"]+))\s*$/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined || boundary.length > 70) return undefined;
  // A line break ahead of the first boundary belongs to it.
  const pieces = split(Buffer.concat([Buffer.from('\r\n'), body]), Buffer.from(`\r\n--${boundary}`));
  const last = pieces.pop();
  const first = pieces.shift();
  if (first?.length !== 0 || last === undefined || !/^--(?:\r\n)?$/.test(last.toString('latin1'))) return undefined;
  const parts = pieces.map(readPart);
  if (parts.some((part) => part === undefined)) return undefined;
  const read = parts as FormPart[];
  return new Set(read.map(({ name }) => name)).size === read.length ? read : undefined;
}

function readPart(piece: Buffer): FormPart | undefined {
  const end = piece.indexOf(BLANK_LINE);
  if (end < 0 || piece.toString('latin1', 0, 2) !== '\r\n') return undefined;
  let [name, type]: [string | undefined, string] = [undefined, ''];
  for (const line of piece.toString('utf8', 2, end).split('\r\n')) {
    const [, field = '', value = ''] = /^([\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    const lower = field.toLowerCase();
    if (lower === 'content-disposition') name = DISPOSITION.exec(value)?.[1];
    else if (lower === 'content-type') type = value.split(';')[0]?.trim().toLowerCase() ?? '';
    else return undefined;
  }
  return name === undefined ? undefined : { name, type, data: piece.subarray(end + BLANK_LINE.length) };
}

/** The bytes between the separators; more of them than any form has parts are not looked for. */
function split(bytes: Buffer, separator: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(separator); at >= 0 && pieces.length <= MOST_PARTS; at = bytes.indexOf(separator, from)) {
    pieces.push(bytes.subarray(from, at));
    from = at + separator.length;
  }
  pieces.push(bytes.subarray(from));
  return pieces;
}

/** Writes a form. `boundary`: occurs in no part. */
export function writeForm(
  parts: readonly FormPart[],
  boundary: string,
): { readonly type: string; readonly data: Buffer } {
  const pieces = parts.flatMap(({ name, type, data }) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: ${type}\r\n\r\n`),
    data,
    Buffer.from('\r\n'),
  ]);
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    data: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]),
  };
}
