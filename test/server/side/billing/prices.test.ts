// Prices of usage: by the configuration, by the list, or unknown.

import { calcPrice } from '@pydantic/genai-prices';
import { describe, expect, test } from 'vitest';
import { createPrices } from '../../../../server/side/billing/prices.ts';
import { seededRandom } from '../../../support/random.ts';

const listed = createPrices({});
const text = { inputTokens: 1_000_000, outputTokens: 100_000 };

describe('the price list', () => {
  test('knows models of providers, and of gateways by vendor', () => {
    const direct = listed.estimate('gpt-4.1-mini', 'openai', text);
    expect(direct).toBe(400_000 + 160_000);
    expect(listed.estimate('openai/gpt-4.1-mini', 'openrouter', text)).toBe(direct);
    for (const gateway of ['litellm', 'vercel', 'cloudflare', 'bifrost', 'portkey'])
      expect(listed.estimate('openai/gpt-4.1-mini', gateway, text)).toBe(direct);
    expect(listed.estimate('gpt-4.1-mini', 'openai-compatible', text)).toBe(direct);
    expect(listed.estimate('claude-sonnet-4-5', 'anthropic', { inputTokens: 1000, outputTokens: 0 })).toBe(3000);
    expect(listed.estimate('models/gemini-2.5-flash', 'gemini', { inputTokens: 1000, outputTokens: 0 })).toBe(300);
  });

  test('prices audio apart from text, and cached tokens', () => {
    const usage = { inputTokens: 1000, outputTokens: 100, inputAudioTokens: 800, outputAudioTokens: 90 };
    expect(listed.estimate('gpt-realtime', 'openai', usage)).toBe(200 * 4 + 800 * 32 + 10 * 16 + 90 * 64);
    const cached = listed.estimate('gpt-realtime', 'openai', { ...usage, cachedTokens: 300 });
    // Cached tokens count as text first, and the rest as audio.
    expect(cached).toBe(200 * 0.4 + 100 * 0.4 + 700 * 32 + 10 * 16 + 90 * 64);
    expect(listed.estimate('gemini-2.5-flash-native-audio-preview-09-2025', 'gemini', usage)).toBe(
      200 * 0.5 + 800 * 3 + 10 * 2 + 90 * 12,
    );
  });

  test('does not know every model: then the price is unknown, never zero', () => {
    expect(listed.estimate('nobody-knows', 'openai', text)).toBeUndefined();
    expect(listed.estimate('acme/nobody-knows', 'litellm', text)).toBeUndefined();
    expect(listed.ceiling('nobody-knows', 'openai')).toBeUndefined();
    expect(listed.estimate('gpt-4.1-mini', 'openai', {})).toBeUndefined();
    expect(listed.estimate('gpt-realtime', 'openai', { seconds: 60 })).toBeUndefined();
  });

  test('has the same cost for text as the shortcut that is taken for it', () => {
    const random = seededRandom(3);
    for (let round = 0; round < 200; round++) {
      const [inputTokens, outputTokens] = [random.below(200_000), random.below(20_000)];
      const cachedTokens = random.below(inputTokens + 1);
      const model = random.pick(['gpt-4.1-mini', 'gpt-5', 'gpt-4o']);
      const usage = { input_tokens: inputTokens, output_tokens: outputTokens, cache_read_tokens: cachedTokens };
      const usd = calcPrice(usage, model, { providerId: 'openai' })?.total_price ?? Number.NaN;
      const own = listed.estimate(model, 'openai', { inputTokens, outputTokens, cachedTokens });
      expect(Math.abs((own ?? Number.NaN) - usd * 1e6)).toBeLessThanOrEqual(1);
    }
  });

  test('gives no error for counts that contradict each other', () => {
    const odd = { inputTokens: 10, outputTokens: 0, inputAudioTokens: 100, cachedTokens: 5000, inputTextTokens: 3 };
    expect(listed.estimate('gpt-realtime', 'openai', odd)).toBeGreaterThan(0);
  });

  test('gives at least one micro-USD for what is not free', () => {
    expect(listed.estimate('gpt-4.1-mini', 'openai', { inputTokens: 1, outputTokens: 0 })).toBe(1);
    expect(listed.estimate('gpt-4.1-mini', 'openai', { inputTokens: 0, outputTokens: 0 })).toBeUndefined();
  });

  test('has a price of its own for a long request, and not for many short ones', () => {
    const long = { inputTokens: 1_000_000, outputTokens: 0 };
    expect(listed.estimate('gpt-5.5', 'openai', long)).toBeGreaterThan(
      listed.estimateSum('gpt-5.5', 'openai', long) ?? Number.NaN,
    );
    const short = listed.estimate('gpt-5.5', 'openai', { inputTokens: 100_000, outputTokens: 0 });
    expect(listed.estimateSum('gpt-5.5', 'openai', long)).toBe(10 * (short ?? Number.NaN));
  });

  test('has fees of calls and of searches, and no price for models that search without saying how often', () => {
    const answer = { inputTokens: 1000, outputTokens: 100 };
    expect(listed.estimate('perplexity/sonar', 'litellm', answer)).toBe(1000 + 100 + 12_000);
    expect(listed.ceiling('perplexity/sonar', 'litellm')).toEqual({ input: 1, output: 1, request: 12 });
    const searched = listed.estimate('claude-sonnet-4-5', 'anthropic', { ...answer, webSearches: 2 });
    expect(searched).toBe(3000 + 1500 + 20_000);
    expect(listed.estimate('gpt-4o-search-preview', 'openai', answer)).toBeUndefined();
    expect(listed.ceiling('gpt-4o-mini-search-preview', 'openai')).toBeUndefined();
  });

  test('has the dearest tier of a price as the ceiling', () => {
    expect(listed.ceiling('claude-sonnet-4-5', 'anthropic')).toEqual({ input: 6, output: 22.5 });
    expect(listed.ceiling('gpt-4.1-mini', 'openai')).toEqual({ input: 0.4, output: 1.6 });
  });
});

describe('prices of the configuration', () => {
  const prices = createPrices({
    'gpt-*': { input: 1, output: 1 },
    'gpt-4.1-*': { input: 2, output: 2 },
    'gpt-4.1-mini': { input: 3, output: 3 },
    'openrouter/gpt-4.1-mini-long': { input: 4, output: 4 },
    voice: { input: 1, output: 2, cachedInput: 0.5, audioInput: 10, audioOutput: 20 },
    half: { input: 1, output: 2 },
    timed: { minute: 0.06 },
  });
  const million = { inputTokens: 1_000_000, outputTokens: 0 };

  test('win over the list, by the longest pattern; a whole name beats any pattern', () => {
    expect(prices.estimate('gpt-5', 'openai', million)).toBe(1_000_000);
    expect(prices.estimate('gpt-4.1-nano', 'openai', million)).toBe(2_000_000);
    expect(prices.estimate('gpt-4.1-mini', 'openai', million)).toBe(3_000_000);
    expect(prices.estimate('gpt-4.1-mini-long', 'openrouter', million)).toBe(4_000_000);
    expect(prices.estimate('gpt-4.1-mini-long', 'openai', million)).toBe(2_000_000);
    expect(prices.ceiling('gpt-4.1-mini', 'openai')).toEqual({ input: 3, output: 3 });
    expect(prices.configured('claude-sonnet-4-5', 'anthropic')).toBeUndefined();
  });

  test('count text, cached text and audio apart', () => {
    const usage = {
      inputTokens: 1000,
      outputTokens: 100,
      inputAudioTokens: 600,
      outputAudioTokens: 40,
      cachedTokens: 100,
    };
    expect(prices.estimate('voice', 'openai', usage)).toBe(300 + 50 + 6000 + 120 + 800);
  });

  test('of a name that every object has are unknown', () => {
    const usage = { inputTokens: 1, outputTokens: 1 };
    for (const name of ['constructor/x', '__proto__/x', 'toString/x'])
      expect(prices.estimate(name, 'litellm', usage)).toBeUndefined();
  });

  test('leave the whole unknown where a kind of use has no price', () => {
    expect(prices.estimate('half', 'openai', { inputTokens: 10, outputTokens: 5 })).toBe(20);
    expect(
      prices.estimate('half', 'openai', { inputTokens: 10, outputTokens: 5, outputAudioTokens: 5 }),
    ).toBeUndefined();
    expect(prices.ceiling('timed', 'openai')).toBeUndefined();
  });

  test('go before those that an adapter declares', () => {
    const usage = { seconds: 60, messages: 2 };
    expect(listed.estimate('grok-voice-latest', 'xai', usage)).toBe(88_000);
    expect(createPrices({ 'xai/*': { minute: 0.05, message: 0.1 } }).estimate('grok-voice-latest', 'xai', usage)).toBe(
      250_000,
    );
    expect(createPrices({ grok: { minute: 0.05 } }, () => 'xai').estimate('grok-4-voice', 'my-xai', usage)).toBe(
      88_000,
    );
  });

  test('of nothing that was counted are nothing, and of nothing that was reported unknown', () => {
    expect(prices.estimate('timed', 'openai', { inputAudioSeconds: 0, characters: 0 })).toBe(0);
    expect(prices.estimate('timed', 'openai', { inputTokens: 0 })).toBeUndefined();
    expect(prices.estimate('unheard-of', 'openai', { characters: 0 })).toBeUndefined();
  });

  test('count sessions that are billed by time', () => {
    expect(prices.estimate('timed', 'openai', { cumulative: true, seconds: 90 })).toBe(90_000);
    expect(prices.estimate('half', 'openai', { seconds: 90 })).toBeUndefined();
  });
});

describe('each part of a report', () => {
  /** A report of OpenAI Realtime on one reply, which costs 0.01916 USD. */
  const reply = {
    ...{ inputTokens: 9500, inputTextTokens: 1500, inputAudioTokens: 8000 },
    ...{ cachedTokens: 8300, cachedAudioTokens: 7800, outputTokens: 100, outputTextTokens: 20, outputAudioTokens: 80 },
  };

  test('costs what its kind costs, by the list and by own prices', () => {
    expect(listed.estimate('gpt-realtime', 'openai', reply)).toBe(19_160);
    const voice = { input: 4, cachedInput: 0.4, audioInput: 32, cachedAudioInput: 0.4, output: 16, audioOutput: 64 };
    expect(createPrices({ voice }).estimate('voice', 'openai', reply)).toBe(19_160);
    const { cachedAudioInput: _, ...without } = voice;
    expect(createPrices({ voice: without }).estimate('voice', 'openai', reply)).toBe(19_160 + 7800 * 31.6);
  });

  test('makes the whole unknown where its kind has no price, by the list and by own prices', () => {
    const text = { inputTokens: 100, outputTokens: 10 };
    const own = createPrices({
      half: { input: 1, output: 2, audioInput: 3, audioOutput: 4, imageInput: 5, imageOutput: 6 },
    });
    const kinds = [
      { inputAudioTokens: 1 },
      { inputImageTokens: 1 },
      { outputAudioTokens: 1 },
      { outputImageTokens: 1 },
    ];
    for (const kind of kinds) {
      expect(listed.estimate('gpt-5-mini', 'openai', { ...text, ...kind })).toBeUndefined();
      expect(own.estimate('half', 'openai', { ...text, ...kind })).toBeGreaterThan(0);
    }
    expect(own.estimate('half', 'openai', { ...text, cacheWriteTokens: 1 })).toBeUndefined();
  });

  test('of Gemini has the price of text where Google has one for all, and not with models that speak', () => {
    const usage = { inputTokens: 1000, outputTokens: 0, inputImageTokens: 400 };
    expect(listed.estimate('gemini-2.5-flash', 'gemini', usage)).toBe(300);
    expect(listed.estimate('gemini-2.5-flash-native-audio-preview-09-2025', 'gemini', usage)).toBeUndefined();
  });

  test('counts what was written into a cache at its own, higher price', () => {
    const usage = { inputTokens: 1000, outputTokens: 0, cacheWriteTokens: 400, cachedTokens: 100 };
    expect(listed.estimate('claude-sonnet-4-5', 'anthropic', usage)).toBe(500 * 3 + 400 * 6 + 100 * 0.3);
  });

  test('is counted in seconds where the list has a price of time', () => {
    expect(listed.estimate('whisper-1', 'openai', { seconds: 90 })).toBe(9000);
  });

  test('is bounded by the whole, whatever a report says', () => {
    const odd = { ...reply, cachedAudioTokens: 1e9, cachedTokens: 3, cachedImageTokens: 7 };
    expect(listed.estimate('gpt-realtime', 'openai', odd)).toBe(1500 * 4 + 8000 * 0.4 + 20 * 16 + 80 * 64);
  });

  test('of a free model is free, and it has a ceiling', () => {
    const free = 'meta-llama/llama-3.3-70b-instruct:free';
    expect(listed.estimate(free, 'openrouter', { inputTokens: 100, outputTokens: 10 })).toBe(0);
    expect(listed.ceiling(free, 'openrouter')).toEqual({ input: 0, output: 0 });
  });
});
