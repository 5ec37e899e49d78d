// The settings that take effect at the next start only: processes, ports and places that are taken once.

import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config.ts';
import { pathText } from '../problem.ts';

/** Returns a configuration that was read, with what needs a restart as it is in force, and the paths of what was to be another. */
export function keptRunning(read: Config, inForce: Config): { config: Config; needsRestart: readonly string[] } {
  const { processes, dataDirectory, store, metrics, listen, admin, log, side, limits } = inForce;
  const config: Config = {
    ...{ ...read, processes, dataDirectory, store, metrics },
    listen: {
      ...{ ...read.listen, host: listen.host, port: listen.port },
      ...{ tlsPort: listen.tlsPort, proxyProtocol: listen.proxyProtocol },
    },
    admin: { ...read.admin, host: admin.host, port: admin.port },
    log: { ...read.log, format: log.format },
    side: {
      ...read.side,
      ...{ processes: side.processes, silenceMs: side.silenceMs, ownerLeaseMs: side.ownerLeaseMs },
    },
    limits: {
      ...{ ...read.limits, handshakeMs: limits.handshakeMs, maxHeaderBytes: limits.maxHeaderBytes },
      ...{ messageMs: limits.messageMs, processSilenceMs: limits.processSilenceMs },
    },
  };
  return { config, needsRestart: differences(read, config).map(pathText) };
}

type Path = readonly string[];

/** Paths of the settings in which they differ; a list counts as one. */
function differences(one: unknown, other: unknown, path: Path = []): Path[] {
  if (isDeepStrictEqual(one, other)) return [];
  if (!isMapping(one) || !isMapping(other)) return [path];
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].flatMap((name) => differences(one[name], other[name], [...path, name]));
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Names of the parts in which two configurations differ. */
export function changedParts(one: Config, other: Config): readonly string[] {
  return [...new Set(differences(one, other).map(([part = '']) => part))];
}
