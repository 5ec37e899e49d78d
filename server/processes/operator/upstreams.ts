// The providers and the LLM gateways as the operator sees them: how they answered since the processes started, and which of them are kept away from.

import type { Config } from '../../config/config.ts';
import { REHEARSAL_NAME } from '../../config/file/words.ts';
import type { MetricSums } from './sums.ts';

type Known = Pick<Config, 'providers' | 'gateways' | 'rehearsal' | 'hasRehearsalGateway'>;

/** The body of GET /gateways. Times are means in ms; what was not measured is left out. */
export function describeUpstreams(config: Known, sums: MetricSums) {
  return {
    providers: providersOf(config).map((provider) => ({ ...provider, ...providerFigures(provider.name, sums) })),
    gateways: gatewaysOf(config).map((name) => ({ name, ...gatewayFigures(name, sums) })),
    /** Answers that go on whether somebody reads them or not, and who reads one. */
    runs: { live: sums.total('trunkline_runs'), readers: sums.total('trunkline_run_readers') },
  };
}

function providersOf({ providers, rehearsal }: Known) {
  const configured = Object.keys(providers).map((name) => ({ name, state: 'configured' }));
  const played = rehearsal === false ? [] : rehearsal.providers.map((name) => ({ name, state: 'rehearsal' }));
  return [...configured, ...played];
}

function providerFigures(provider: string, sums: MetricSums) {
  return {
    /** Dials by what became of them: `open`, `refused`, `failed`. */
    dials: sums.by('outcome', 'trunkline_dial_seconds', { provider }),
    dialMs: sums.meanMs('trunkline_dial_seconds', { provider }),
    speechToAudioMs: sums.meanMs('trunkline_turn_seconds', { provider, kind: 'speechToAudio' }),
    requestToAudioMs: sums.meanMs('trunkline_turn_seconds', { provider, kind: 'requestToAudio' }),
  };
}

const gatewaysOf = ({ gateways, hasRehearsalGateway }: Known): readonly string[] => [
  ...Object.keys(gateways),
  ...(hasRehearsalGateway ? [REHEARSAL_NAME] : []),
];

function gatewayFigures(gateway: string, sums: MetricSums) {
  const samples = sums.samples('trunkline_side_target_blocked').filter(({ labels }) => labels.gateway === gateway);
  const models = [...new Set(samples.map(({ labels }) => String(labels.model)))];
  const [costMicroUsd = 0] = Object.values(sums.by('gateway', 'trunkline_side_cost_micro_usd_total', { gateway }));
  return {
    /** Attempts by what became of them. */
    attempts: sums.by('outcome', 'trunkline_side_attempts_total', { gateway }),
    costMicroUsd,
    dialMs: sums.meanMs('trunkline_side_dial_seconds', { gateway }),
    /** Those of all classes, while a side process runs. */
    targets: models.map((model) => ({
      model,
      firstTokenMs: sums.meanMs('trunkline_side_first_token_seconds', { gateway, model }),
      /** Side processes that send it nothing now, by reason. */
      blocked: sums.by('reason', 'trunkline_side_target_blocked', { gateway, model }),
    })),
  };
}
