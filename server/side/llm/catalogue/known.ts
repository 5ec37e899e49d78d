// The known catalogue of an LLM gateway, as what uses it sees it.

import type { CatalogueModel } from '../../../../adapters/llm/contract.ts';
import { isGlob } from '../../../../codecs/text/glob.ts';
import type { LlmGatewayConfig } from '../../../config/side/llm-schema.ts';
import type { SideConfig } from '../../../config/side-schema.ts';
import { endpointOf, type KeptCatalogue, readKept } from './kept.ts';

export interface KnownCatalogue extends Omit<KeptCatalogue, 'models' | 'gone'> {
  /** By id. */
  readonly models: ReadonlyMap<string, CatalogueModel>;
  readonly gone: ReadonlyMap<string, number>;
}

/** The catalogues of all LLM gateways. */
export interface Catalogues {
  /** Returns what is known of the models of an LLM gateway; undefined where nothing is, or nobody asks for it. */
  of(gateway: string): KnownCatalogue | undefined;
  /** Returns why the catalogue could not be fetched the last time; undefined where it was, or nobody asks for it. */
  faultOf(gateway: string): string | undefined;
}

export const knownOf = ({ models, gone, ...kept }: KeptCatalogue): KnownCatalogue => ({
  ...kept,
  models: new Map(models.map((model) => [model.id, model])),
  gone: new Map(Object.entries(gone)),
});

export const keptOf = ({ models, gone, ...known }: KnownCatalogue): KeptCatalogue => ({
  ...known,
  models: [...models.values()],
  gone: Object.fromEntries(gone),
});

/** The catalogues as they are kept, for whoever asks no gateway. */
export function keptCatalogues({
  dataDirectory,
  gateways,
}: Pick<SideConfig, 'gateways'> & { readonly dataDirectory: string }): Catalogues {
  const read = new Map<string, KnownCatalogue | undefined>();
  return {
    of(name) {
      const gateway = gateways[name];
      if (gateway === undefined || read.has(name)) return read.get(name);
      const kept = readKept({ dataDirectory, name }, endpointOf(gateway));
      read.set(name, kept && knownOf(kept));
      return read.get(name);
    },
    faultOf: () => undefined,
  };
}

/** Models that went are remembered for what a client is told: the newest of them. */
const MAX_GONE = 2000;

/** The catalogue after it was fetched again. */
export function renewed(former: KnownCatalogue | undefined, next: Omit<KnownCatalogue, 'gone'>): KnownCatalogue {
  const left = [...(former?.models.keys() ?? [])].map((id) => [id, former?.fetchedAt ?? 0] as const);
  const gone = [...(former?.gone ?? []), ...left].filter(([id]) => !next.models.has(id));
  return { ...next, gone: new Map(gone.slice(-MAX_GONE)) };
}

/** LLM gateways whose catalogue is asked for: those that a pattern needs, and those that say so. */
export function cataloguedGateways({
  gateways,
  classes,
}: Pick<SideConfig, 'gateways' | 'classes'>): ReadonlyMap<string, LlmGatewayConfig> {
  const needed = new Set(
    Object.values(classes).flatMap(({ targets }) =>
      targets.flatMap(({ gateway, model }) => (isGlob(model) ? [gateway] : [])),
    ),
  );
  const isAsked = ([name, { catalogue }]: [string, LlmGatewayConfig]): boolean =>
    catalogue?.off !== true && (catalogue !== undefined || needed.has(name));
  return new Map(Object.entries(gateways).filter(isAsked));
}
