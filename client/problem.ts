// The answer of a gateway that refuses: one error, whatever the dialect of the path it came from.

interface ProblemFacts {
  readonly status: number;
  readonly code?: string | undefined;
  readonly param?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

export class GatewayProblem extends Error {
  /** Status of the HTTP answer; 0 where there was none. */
  readonly status: number;
  /** A code of docs/errors.md; undefined where the answer has none. */
  readonly code: string | undefined;
  /** The field that is wrong. */
  readonly param: string | undefined;
  /** Pause that the gateway asks for, from `Retry-After`. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { status, code, param, retryAfterMs }: ProblemFacts, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GatewayProblem';
    this.status = status;
    this.code = code;
    this.param = param;
    this.retryAfterMs = retryAfterMs;
  }

  /** The same request may go well later. */
  get mayRetry(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** The problem that an answer tells of. */
export async function problemOfAnswer(response: Response): Promise<GatewayProblem> {
  const text = await response.text().catch(() => '');
  const said = fieldsOf(text);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new GatewayProblem(said.message ?? `the gateway answered ${response.status}`, {
    status: response.status,
    code: said.code,
    param: said.param,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : undefined,
  });
}

/** Reads the errors of the gateway itself, OpenAI, Google (there in an array, or with the code in its details) and Deepgram. */
function fieldsOf(text: string): { message?: string; code?: string; param?: string } {
  const whole = objectAt(parsed(text));
  const error = typeof whole.error === 'object' ? objectAt(whole.error) : whole;
  const [detail] = Array.isArray(error.details) ? error.details : [];
  return {
    ...textsOf({ message: whole.err_msg, code: whole.err_code }),
    ...textsOf({ message: error.message, code: error.code, param: error.param ?? error.field }),
    ...textsOf({ code: objectAt(detail).reason }),
  };
}

const objectAt = (value: unknown): Record<string, unknown> => {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return typeof one === 'object' && one !== null ? (one as Record<string, unknown>) : {};
};

const textsOf = (fields: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
