// Encodes messages of a few fields and at most one Buffer: the fields as JSON, which is the fastest form for short data, followed by
// the bytes as they are.

/** Size of the length field before each message. */
export const LENGTH_BYTES = 4;
/** Size of the field at the start of a message that holds the length of its JSON. */
const HEAD_BYTES = 4;

/** Path of the Buffer: a field of the message, or a field of an object in it. */
type BytesPath = readonly [field: string, inside?: string];
type Fields = Record<string, unknown>;

/** Encodes a message with its length (little-endian) in front. A Buffer may be one of its fields, or a field of one; the rest is JSON data. */
export function encodeMessage(message: object): Buffer {
  const path = pathOfBytes(message as Fields);
  const bytes = path && (bytesAt(message as Fields, path) as Buffer);
  const json = JSON.stringify(path ? [without(message as Fields, path), ...path] : [message]);
  const jsonBytes = Buffer.byteLength(json);
  const length = HEAD_BYTES + jsonBytes + (bytes?.length ?? 0);
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + length);
  frame.writeUInt32LE(length);
  frame.writeUInt32LE(jsonBytes, LENGTH_BYTES);
  frame.write(json, LENGTH_BYTES + HEAD_BYTES);
  bytes?.copy(frame, LENGTH_BYTES + HEAD_BYTES + jsonBytes);
  return frame;
}

/** Decodes a message without its length. A Buffer in it is a view. @throws Error for bytes that are no message. */
export function decodeMessage(frame: Buffer): object {
  const end = HEAD_BYTES + (frame.length < HEAD_BYTES ? Number.POSITIVE_INFINITY : frame.readUInt32LE());
  if (end > frame.length) throw new Error(`expected a message, got ${frame.length} bytes that are none`);
  const [message, field, inside] = JSON.parse(frame.toString('utf8', HEAD_BYTES, end)) as [Fields, ...BytesPath];
  if (field === undefined) return message;
  const holder = inside === undefined ? message : (message[field] as Fields);
  holder[inside ?? field] = frame.subarray(end);
  return message;
}

function pathOfBytes(message: Fields): BytesPath | undefined {
  for (const field in message) {
    const value = message[field];
    if (typeof value !== 'object' || value === null) continue;
    if (Buffer.isBuffer(value)) return [field];
    for (const inside in value) if (Buffer.isBuffer((value as Fields)[inside])) return [field, inside];
  }
  return undefined;
}

function bytesAt(message: Fields, [field, inside]: BytesPath): unknown {
  return inside === undefined ? message[field] : (message[field] as Fields)[inside];
}

function without(message: Fields, [field, inside]: BytesPath): Fields {
  return {
    ...message,
    [field]: inside === undefined ? undefined : { ...(message[field] as Fields), [inside]: undefined },
  };
}
