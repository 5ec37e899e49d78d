// Follows server-sent events over fetch, since EventSource cannot send a credential. Events are only noticed: what changed
// is read from the session's record.

interface StreamRequest {
  readonly fetch: typeof fetch;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  onEvent(): void;
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
    const countEvents = createEventCounter();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      for (let left = countEvents(step.value); left > 0; left--) onEvent();
    }
    return response.status;
  } catch {
    return 0;
  }
}

/** Counts the events that each piece of a stream completes: blocks with data, up to their blank line (HTML, section 9.2.6). */
export function createEventCounter(): (piece: string) => number {
  let rest = '';
  return (piece) => {
    // A carriage return at the very end may be half of a line end.
    const blocks = (rest + piece).split(/(?:\r\n|\n|\r(?!\n|$)){2}/);
    rest = blocks.pop() ?? '';
    return blocks.filter((block) => /^data(:|$)/m.test(block)).length;
  };
}
