// The contract of an app: what a program of one SDK is made of, and how texts are written into it.

export interface AppSettings {
  /** Address of the gateway, without a slash at its end: `http://127.0.0.1:8080`. */
  readonly gateway: string;
  readonly model: string;
  readonly key: string;
  /** Class of calls; empty for the one that the gateway chooses. */
  readonly callClass: string;
}

/** One SDK in one language, as docs/quickstart-voice.md, quickstart-chat.md, chat-uis.md and client.md have it. */
export interface ClientApp {
  readonly id: string;
  readonly label: string;
  readonly language: 'js' | 'jsx' | 'python' | 'sh';
  readonly install?: string;
  /** Command that runs the program; a page has none. */
  readonly command?: string;
  /** Variable that makes it trust a certificate; a browser has none. */
  readonly trust?: 'NODE_EXTRA_CA_CERTS' | 'SSL_CERT_FILE';
  /** It dials nothing but TLS. */
  readonly isTlsOnly?: boolean;
  readonly hint?: string;
  program(settings: AppSettings): string;
}

export const inNode = { language: 'js', command: 'node talk.mjs', trust: 'NODE_EXTRA_CA_CERTS' } as const;
export const inPython = { language: 'python', command: 'python3 talk.py', trust: 'SSL_CERT_FILE' } as const;

/** A text as a program in JavaScript has it. */
export function js(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** A text as a program in Python has it. */
export const python = (text: string): string => JSON.stringify(text);

/** A text as one word of a shell. */
export const shell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A `ws:` or `wss:` address, with the model in its query. */
export function sessionAddressOf({ gateway, model }: AppSettings): string {
  const query = encodeURIComponent(model);
  return `${gateway.replace(/^http/, 'ws')}/v1/realtime?model=${query}`;
}
