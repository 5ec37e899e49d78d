// The results of the HTTP benchmark, and the load that its texts quote.

/** Connections of the load, a request on each as soon as the last one is answered. */
export const HTTP_CONNECTIONS = 10;
/** Idle sessions that are open beside it. */
export const HTTP_SESSIONS = 100;

export interface HttpLoad {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Body to post; without one the request is a GET. */
  readonly body?: string;
  readonly connections: number;
  readonly ms: number;
}

/** Results of autocannon's process. */
export interface HttpRun {
  readonly seconds: number;
  /** Requests without an answer. */
  readonly errors: number;
  /** Status -> answers. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Nanoseconds, compressed base64. */
  readonly latency: string;
}

export interface HttpEndpoint {
  readonly id: string;
  readonly title: string;
  /** Status that the endpoint must answer; another one is a fault of the run. */
  readonly status: number;
}

export interface EndpointRun extends HttpRun {
  /** CPU of the gateway's process tree for each answer; undefined without /proc. */
  readonly cpuUs: number | undefined;
}

export const answersOf = ({ statuses }: HttpRun): number =>
  Object.values(statuses).reduce((sum, value) => sum + value, 0);
