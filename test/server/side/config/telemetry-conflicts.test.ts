// The settings of telemetry that are refused, in the words that a start shows.

import { describe, expect, test } from 'vitest';
import { printConfig } from '../../../../server/config/file/print.ts';
import { loadConfig } from '../../../../server/config/load.ts';
import { ConfigError } from '../../../../server/config/problem.ts';
import { sideConflicts } from '../../../../server/side/config/side-conflicts.ts';
import { telemetryConflicts } from '../../../../server/side/config/telemetry-conflicts.ts';
import { missingPackages } from '../../../../server/side/telemetry/otlp.ts';
import { configFile } from '../../../support/config-file.ts';
import { sideConfig } from '../../../support/routing.ts';

const load = (telemetry: object, env: Record<string, string> = {}) =>
  loadConfig({ file: configFile({ telemetry }), env, check: sideConflicts });

function problemsOf(telemetry: object): string {
  try {
    load(telemetry);
    return '';
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

describe('telemetry', () => {
  test('needs nothing beyond the address of the collector', () => {
    expect(load({ otlp: 'https://collector.example.com' }).telemetry).toEqual({
      ...{ otlp: 'https://collector.example.com', headers: {}, allowPrivate: false, sample: 1, content: false },
      ...{ serviceName: 'trunkline', resource: {}, metricsMs: 60_000, queue: 4096, timeoutMs: 10_000 },
    });
  });

  test('takes credentials of headers from the environment, and shows none', () => {
    const telemetry = { otlp: 'https://collector.example.com', headers: { Authorization: 'Basic ${COLLECTOR}' } };
    const config = load(telemetry, { COLLECTOR: 'c2VjcmV0' });
    expect(config.telemetry?.headers).toEqual({ Authorization: 'Basic c2VjcmV0' });
    expect(printConfig(config)).not.toContain('c2VjcmV0');
  });

  test.each([
    [{ otlp: 'http://collector.example.com' }, 'telemetry.otlp: expected an https: URL'],
    [{ otlp: 'https://10.0.0.1' }, 'telemetry.otlp: expected a public address'],
    [{ otlp: 'https://collector.example.com/?a=1' }, 'telemetry.otlp: expected a URL without query'],
    [{ otlp: 'https://collector.example.com', sample: 2 }, 'telemetry.sample'],
    [{ otlp: 'https://collector.example.com', headers: { 'content-type': 'a' } }, 'expected the name of a header'],
    [{ otlp: 'https://collector.example.com', headers: { a: 'b\nc' } }, 'expected printable ASCII'],
    [{ otlp: 'https://collector.example.com', endpoint: 'a' }, 'telemetry.endpoint'],
  ])('of %j is refused', (telemetry, words) => {
    expect(problemsOf(telemetry)).toContain(words);
  });

  test('says which packages are missing, and how to get them', () => {
    const { telemetry } = sideConfig({ telemetry: { otlp: 'https://collector.example.com' } });
    const none = () =>
      missingPackages((name) => {
        throw new Error(`no ${name}`);
      });
    expect(telemetryConflicts({ telemetry }, none)).toEqual([
      {
        path: 'telemetry',
        message: 'expected the packages that it needs: npm install @opentelemetry/api @opentelemetry/otlp-transformer',
      },
    ]);
    expect(telemetryConflicts({ telemetry: undefined }, none)).toEqual([]);
  });
});
