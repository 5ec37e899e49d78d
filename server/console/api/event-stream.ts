// Server-sent events over fetch, since EventSource cannot send a credential. An event is complete with its blank line.

export interface ServerEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** Reads a stream in pieces (HTML standard, "Interpreting an event stream"). Each call returns the events that are complete. */
export function createEventStreamReader(): (piece: string) => ServerEvent[] {
  let partialLine = '';
  let id = '';
  let event = '';
  let data: string[] = [];
  const take = (line: string): ServerEvent[] => {
    if (line === '') {
      const complete = data.length === 0 ? [] : [{ id, event: event || 'message', data: data.join('\n') }];
      event = '';
      data = [];
      return complete;
    }
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'id') id = value;
    if (name === 'event') event = value;
    if (name === 'data') data.push(value);
    return [];
  };
  return (piece) => {
    partialLine += piece;
    // A carriage return at the very end may be half of a line end.
    const lines = partialLine.split(/\r\n|\n|\r(?!$)/);
    partialLine = lines.pop() ?? '';
    return lines.flatMap(take);
  };
}

interface StreamRequest {
  readonly fetch: typeof fetch;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  onEvent(event: ServerEvent): void;
}

/** Follows a stream until it ends. Resolves with the HTTP status; 0 when it cannot be reached or breaks off. */
export async function followStream({ fetch, url, headers, signal, onEvent }: StreamRequest): Promise<number> {
  try {
    const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal });
    const type = response.headers.get('content-type') ?? '';
    if (!response.ok || response.body === null || !type.startsWith('text/event-stream')) {
      await response.body?.cancel();
      return response.ok ? 406 : response.status;
    }
    const read = createEventStreamReader();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      for (const event of read(step.value)) onEvent(event);
    }
    return response.status;
  } catch {
    return 0;
  }
}
