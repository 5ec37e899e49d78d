// Finds out what a session may cost before its provider is dialled: by its key, its class and its budgets.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import type { Leash } from '../../session/meter/meter.ts';
import type { Admission } from '../admission/admission.ts';
import type { SessionPrices } from './prices.ts';

/** Returns undefined where no limit of money applies, and a Refusal where the model has no price that it could be counted by. */
export function leashOf(admission: Admission, prices: SessionPrices): Promise<Leash | Refusal> | undefined {
  return admission.maxMicroUsd === undefined ? undefined : leash(admission, prices);
}

async function leash(admission: Admission, all: SessionPrices): Promise<Leash | Refusal> {
  const { maxMicroUsd, model, provider, promptClass, policy } = admission;
  const { prices: configured, classes } = policy.config;
  const prices = await all.of(configured);
  const costOf: Leash['costOf'] = (name, usage) => prices.estimateSum(name, provider.name, usage);
  const allowsUnknown = classes[promptClass]?.unknownPrice === 'allow';
  if (model !== undefined && !allowsUnknown && !hasPrice(model, costOf)) return priceUnknown(model);
  return { costOf, allowsUnknown, maxMicroUsd };
}

/** Tells whether audio, text or time of the model has a price. */
const hasPrice = (model: string, costOf: Leash['costOf']): boolean =>
  [{ inputAudioTokens: 1 }, { inputTextTokens: 1 }, { seconds: 60 }].some(
    (usage) => costOf(model, usage) !== undefined,
  );

const priceUnknown = (model: string): Refusal => ({
  status: 403,
  code: 'price_unknown',
  message: `the price of ${model} is not known, and a limit of money applies (prices, or unknownPrice: allow, would help)`,
});
