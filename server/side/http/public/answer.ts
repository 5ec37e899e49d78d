// Finds the answer to a plain request of a client: the console, the API of the side path, and a refusal that says why for everything else.

import type { IncomingMessage } from 'node:http';
import type { Provider } from '../../../../adapters/realtime/contract.ts';
import { findEndpoint, findMint, findNotServed, spokenBy } from '../../../../adapters/realtime/index.ts';
import type { HttpReply } from '../../../../adapters/realtime/refusal.ts';
import type { Config } from '../../../config/config.ts';
import { providerTable } from '../../../config/providers/table.ts';
import { consoleFile } from '../../../http/console-files.ts';
import { certificateDirectory, trustOfCertificate } from '../../../http/dev-certificate.ts';
import { jsonReply } from '../../../http/reply.ts';
import type { Answer, CheckedExchange } from '../../../http/request/answer.ts';
import { checkBodyType } from '../../../http/request/body.ts';
import { notImplemented, nowhere, onlyGet } from '../../../http/request/refusals.ts';
import type { Ports } from '../../../ipc/process-start.ts';
import { sideRoutesAt } from '../../../ipc/side-routes.ts';
import { version } from '../../../platform/entry.ts';
import { type AskContext, askSide } from './ask.ts';

export interface PublicContext extends AskContext {
  /** Tells what an upgrade to a session would be answered. */
  explain(request: IncomingMessage): Promise<HttpReply>;
  /** Providers that the rehearsal plays now. */
  rehearsed(): readonly string[];
  /** Those of the listeners, once they are known. */
  ports(): Ports | undefined;
}

export async function publicAnswer(exchange: CheckedExchange, context: PublicContext): Promise<Answer> {
  const { request, handshake } = exchange;
  const { path } = handshake;
  // Some accounts answer what others do not.
  const isServed = providerTable(context.policy().config).mintsAt(path).length > 0;
  const notServed = isServed ? undefined : findNotServed(request.method ?? '', path);
  const takesForm = findMint(path)?.mint.takesForm === true;
  const refusal = notServed?.endpoint.takesAnyBody ? undefined : checkBodyType(request, takesForm);
  if (refusal !== undefined) return refusal;
  if (notServed !== undefined) return notImplemented(path, notServed.endpoint.instead);
  // The paths of SDKs behind the name of an account are those of its own kind alone.
  const routes = sideRoutesAt('key', path).filter(({ route }) => isServed || route.isOfProviders !== true);
  const methods = routes.map(({ route }) => route.method);
  // A session may be opened on a path that calls are made on, too.
  const isOfSession = findEndpoint(path) !== undefined && request.method === 'GET' && !methods.includes('GET');
  if (methods.length > 0 && !isOfSession) return askSide(exchange, context);
  if (findEndpoint(path) !== undefined) return context.explain(request);
  const page = path === '/console.json' ? jsonReply(200, describeConsole(context)) : consoleFile(path, 'index.html');
  if (page === undefined) return nowhere(path);
  return request.method === 'GET' || request.method === 'HEAD' ? page : onlyGet;
}

function describeConsole({ policy, rehearsed, ports }: PublicContext) {
  const { config } = policy();
  // Kinds of tasks that a session may have; those that score results follow from them.
  const kinds = config.tasks.filter(({ of }) => of === undefined).map(({ kind }) => kind);
  return {
    version,
    mode: config.access,
    providers: describeProviders(config, rehearsed()),
    side: { tasks: [...new Set(kinds)], transcripts: config.transcripts },
    tls: describeTls(config, ports()),
  };
}

/** Those that are there; of the others only who speaks what none of them does. A path that another one has, too, begins with the name. */
function describeProviders(config: Config, rehearsed: readonly string[]) {
  const { accounts, at } = providerTable(config);
  const statusOf = ({ name }: Provider) =>
    config.providers[name] ? 'configured' : rehearsed.includes(name) ? 'rehearsal' : 'missing';
  const all = [...accounts.values()].map((provider) => ({ provider, status: statusOf(provider) }));
  const spoken = new Set(
    all.flatMap(({ provider, status }) =>
      status === 'missing' ? [] : provider.endpoints.map(({ dialect }) => spokenBy(dialect)),
    ),
  );
  return all
    .filter(
      ({ provider, status }) =>
        status !== 'missing' || !provider.endpoints.some(({ dialect }) => spoken.has(spokenBy(dialect))),
    )
    .map(({ provider, status }) => ({
      name: provider.name,
      status,
      dialects: provider.endpoints.map(({ path, dialect }) => ({
        name: spokenBy(dialect).name,
        path: at(path)[0]?.provider === provider ? path : `/${provider.name}${path}`,
      })),
    }));
}

/**
 * What clients dial that take nothing but TLS, and the variables that make them trust a development certificate. The path on this machine is told
 * in open mode alone, where only this machine can ask.
 */
function describeTls({ listen, access, dataDirectory }: Config, ports: Ports | undefined) {
  if (ports?.tlsPort === undefined) return undefined;
  if (listen.tls !== undefined) return { port: ports.tlsPort };
  const directory = access === 'open' ? dataDirectory : '/path/to/trunkline/.trunkline';
  return { port: ports.tlsPort, trust: trustOfCertificate(certificateDirectory(directory)) };
}
