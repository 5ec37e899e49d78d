// Messages of a few fields with at most one long run of bytes in them, for a stream of messages: the fields as JSON, which is read and
// written faster than any other form when it is short, and the bytes as they are behind it.

/** Bytes that say how long a message is, before it. */
export const LENGTH_BYTES = 4;
/** And those that say, at its beginning, how long its JSON is. */
const HEAD_BYTES = 4;

/** Where the bytes were: a field of the message, or a field of what is in that one. */
type Place = readonly [field: string, inside?: string];
type Fields = Record<string, unknown>;

/** One message behind its length (little-endian). Its Buffer may be one of its fields, or a field of one; the rest is JSON data. */
export function encodeMessage(message: object): Buffer {
  const place = placeOf(message as Fields);
  const bytes = place && (bytesAt(message as Fields, place) as Buffer);
  const json = JSON.stringify(place ? [without(message as Fields, place), ...place] : [message]);
  const jsonBytes = Buffer.byteLength(json);
  const length = HEAD_BYTES + jsonBytes + (bytes?.length ?? 0);
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + length);
  frame.writeUInt32LE(length);
  frame.writeUInt32LE(jsonBytes, LENGTH_BYTES);
  frame.write(json, LENGTH_BYTES + HEAD_BYTES);
  bytes?.copy(frame, LENGTH_BYTES + HEAD_BYTES + jsonBytes);
  return frame;
}

/** The message of a frame, without its length. Its bytes are a view. Throws for what is none. */
export function decodeMessage(frame: Buffer): object {
  const end = HEAD_BYTES + (frame.length < HEAD_BYTES ? Number.POSITIVE_INFINITY : frame.readUInt32LE());
  if (end > frame.length) throw new Error(`expected a message, got ${frame.length} bytes that are none`);
  const [message, field, inside] = JSON.parse(frame.toString('utf8', HEAD_BYTES, end)) as [Fields, ...Place];
  if (field === undefined) return message;
  const holder = inside === undefined ? message : (message[field] as Fields);
  holder[inside ?? field] = frame.subarray(end);
  return message;
}

function placeOf(message: Fields): Place | undefined {
  for (const field in message) {
    const value = message[field];
    if (typeof value !== 'object' || value === null) continue;
    if (Buffer.isBuffer(value)) return [field];
    for (const inside in value) if (Buffer.isBuffer((value as Fields)[inside])) return [field, inside];
  }
  return undefined;
}

function bytesAt(message: Fields, [field, inside]: Place): unknown {
  return inside === undefined ? message[field] : (message[field] as Fields)[inside];
}

function without(message: Fields, [field, inside]: Place): Fields {
  return {
    ...message,
    [field]: inside === undefined ? undefined : { ...(message[field] as Fields), [inside]: undefined },
  };
}
