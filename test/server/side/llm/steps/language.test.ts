// Languages of short requests, by the package that tells them, where it is installed.

import { describe, expect, test } from 'vitest';
import { difficultyStep } from '../../../../../server/side/llm/steps/difficulty.ts';
import { ruleFinder } from '../../../../../server/side/llm/steps/difficulty-rules.ts';
import { loadLanguages, missingLanguagePackage } from '../../../../../server/side/llm/steps/language.ts';
import { answered, at, call, gateway } from '../../../../support/routing.ts';
import { stepped } from '../../../../support/stepped.ts';

const saying = (...said: (readonly [role: string, content: string])[]) =>
  call({ promptClass: 'assistant', llm: { messages: said.map(([role, content]) => ({ role, content })) } });

test('a package that is not there is named, and one without an entry for require() is there', () => {
  const failing = (code: string) => () => {
    throw Object.assign(new Error(code), { code });
  };
  expect(missingLanguagePackage(failing('MODULE_NOT_FOUND'))).toBe('eld');
  expect(missingLanguagePackage(failing('ERR_PACKAGE_PATH_NOT_EXPORTED'))).toBeUndefined();
});

test('a rule goes by the language of the last message of the user, and by none that is not certain', () => {
  const rules = [{ when: { language: ['de', 'fr'] }, class: 'strong' }];
  const find = ruleFinder(rules, (text) => (text.startsWith('Bitte') ? 'de' : undefined));
  expect(find(saying(['user', 'Hello'], ['user', 'Bitte kurz.'], ['assistant', 'Hello']))?.number).toBe(1);
  expect(find(saying(['user', 'Bitte kurz.'], ['user', 'Ok']))).toBeUndefined();
});

describe.skipIf(missingLanguagePackage() !== undefined)('with the package', () => {
  test.each([
    ['de', 'Fasse das Gespräch zusammen.'],
    ['en', 'What is the weather in Paris?'],
    ['es', '¿Cuánto cuesta el billete?'],
    ['fr', 'Quel temps fait-il ?'],
    ['ja', 'この会話を要約してください。'],
    ['pl', 'Podsumuj rozmowę'],
    ['zh', '请总结这次通话。'],
  ])('a short request in %s is told', async (language, text) => {
    expect((await loadLanguages())(text)).toBe(language);
  });

  test('a text that says too little has no language', async () => {
    expect((await loadLanguages())('ok')).toBeUndefined();
  });

  test('a class sends calls in a language to another class', async () => {
    const serving = await gateway();
    const { router } = stepped([difficultyStep], {
      gateways: { one: at(serving) },
      classes: {
        assistant: {
          targets: [{ gateway: 'one', model: 'own' }],
          difficulty: { rules: [{ when: { language: ['de'] }, class: 'strong' }] },
        },
        strong: { targets: [{ gateway: 'one', model: 'large' }] },
      },
    });
    const german = answered(await router.run(saying(['user', 'Wie spät ist es in Berlin?'])));
    expect([german.served, german.difficulty]).toEqual(['large', 'assistant -> strong: rule 1 (language)']);
    expect(answered(await router.run(saying(['user', 'What is the weather in Paris?']))).served).toBe('own');
  });
});
