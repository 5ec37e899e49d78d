// Shows how an app reaches the gateway with the settings of the page: its program, and the lines that start it.

import type { TlsFacts } from '../../api/gateway.ts';
import type { ClientDialect } from '../dialect.ts';
import type { AppSettings, ClientApp } from './app.ts';
import { liveApps } from './live.ts';
import { realtimeApps } from './realtime.ts';
import { responsesApps } from './responses.ts';

const APPS: Readonly<Record<ClientDialect['name'], readonly ClientApp[]>> = {
  'openai-realtime': realtimeApps,
  'openai-responses': responsesApps,
  'gemini-live': liveApps,
};

export const appsOf = ({ name }: ClientDialect): readonly ClientApp[] => APPS[name];

/** Stands for a credential that is not shown, and for one that is not there. */
export const MASKED_KEY = 'my-gateway-key';

interface Place {
  /** Origin of the page: `http://127.0.0.1:8080`. */
  readonly origin: string;
  readonly tls: TlsFacts | undefined;
}

interface Connected {
  readonly program: string;
  /** Lines for a terminal, with the variable for the certificate where one is needed; empty where there is nothing to type. */
  readonly start: string;
  /** Sentences about what else has to be so. */
  readonly hints: readonly string[];
}

export function connectApp(app: ClientApp, place: Place, settings: Omit<AppSettings, 'gateway'>): Connected {
  const gateway = app.isTlsOnly ? secureAddress(place) : place.origin;
  const key = settings.key === '' ? MASKED_KEY : settings.key;
  const program = app.program({ ...settings, key, gateway });
  const isTrustNeeded = place.tls?.trust !== undefined && isServedBy(gateway, place.tls);
  const trust = isTrustNeeded ? place.tls?.trust?.find((line) => line.startsWith(`${app.trust}=`)) : undefined;
  return {
    program: app.language === 'sh' && trust !== undefined ? `${trust} ${program}` : program,
    start: [app.install, app.command && [trust, app.command].filter(Boolean).join(' ')].filter(Boolean).join('\n'),
    hints: [app.hint, isTrustNeeded && app.trust === undefined && trustInBrowser, tlsMissing(app, place)].filter(
      (hint) => typeof hint === 'string',
    ),
  };
}

const trustInBrowser = 'The browser has to trust the development certificate: import its ca.pem, or set listen.tls.';

function tlsMissing({ isTlsOnly }: ClientApp, { origin, tls }: Place): string | undefined {
  if (!isTlsOnly || origin.startsWith('https:')) return undefined;
  if (tls === undefined) return 'It dials nothing but TLS, which this gateway does not serve: set listen.tlsPort.';
  if (tls.trust === undefined || isLoopback(new URL(origin).hostname)) return undefined;
  return 'It dials nothing but TLS, and the development certificate is for localhost: set listen.tls.';
}

const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);

const isServedBy = (address: string, { port }: TlsFacts): boolean =>
  address.startsWith('https:') && Number(new URL(address).port || 443) === port;

/** An address of the same gateway that speaks TLS. The development certificate is for localhost. */
function secureAddress({ origin, tls }: Place): string {
  if (origin.startsWith('https:')) return origin;
  const { hostname } = new URL(origin);
  const host = isLoopback(hostname) ? 'localhost' : hostname;
  return new URL(`https://${host}:${tls?.port ?? 8443}`).origin;
}
