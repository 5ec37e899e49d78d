// The `type` of OpenAI's HTTP errors, by which its SDKs choose their error classes.

/** Returns the type that goes with an HTTP status of 400 or more. */
export function errorTypeByStatus(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 402:
      return 'insufficient_quota';
    case 403:
      return 'permission_error';
    case 429:
      return 'rate_limit_error';
    default:
      return status < 500 ? 'invalid_request_error' : 'server_error';
  }
}
