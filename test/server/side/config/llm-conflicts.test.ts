// Conflicts between LLM gateways, their catalogues and the targets of classes.

import { describe, expect, test } from 'vitest';
import { configFiles } from '../../../support/config-files.ts';

const { load, refusal } = configFiles();

describe('patterns of models', () => {
  const withPattern = (gateway: string, more = '') =>
    `gateways: { router: ${gateway} }\nclasses: { open: { targets: [{ gateway: router, model: "a/*" ${more}}] } }`;
  const plain = '{ profile: openrouter, apiKey: k }';

  test('need a catalogue, and have no single price', () => {
    load(withPattern(plain));
    expect(refusal(withPattern('{ profile: openrouter, apiKey: k, catalogue: { off: true } }'))).toEqual([
      'classes.open.targets[0].model: a pattern needs the catalogue of router, and gateways.router.catalogue.off is true',
    ]);
    expect(refusal(withPattern(plain, ', priceAs: b '))).toEqual([
      'classes.open.targets[0].priceAs: expected none: a pattern stands for models of many prices',
    ]);
  });

  test('are refused where none of their models could promise what the class asks', () => {
    const yaml = (terms: string) =>
      `gateways: { router: { profile: litellm, apiKey: k, baseUrl: "https://llm.example.com/v1" } }\nclasses: { open: { targets: [{ gateway: router, model: "*" }], ${terms} } }`;
    expect(refusal(yaml('retention: zdr'))[0]).toMatch(
      /targets\[0\]: expected a target that may serve .*retention zdr/,
    );
    expect(refusal(yaml('path: direct'))[0]).toMatch(/its path is routed/);
    expect(refusal(yaml('allow: { providers: [openai] }'))[0]).toMatch(/nothing says who serves/);
    load(yaml('allow: { models: ["a/*"] }'));
  });

  test('alone are not enough for tasks, which name no model', () => {
    expect(refusal(`${withPattern(plain)}\ntasks: [{ kind: summary, class: open }]`)).toEqual([
      'tasks[0].class: expected a class with a target whose model is named: a task names none, and open has patterns alone',
    ]);
  });
});
