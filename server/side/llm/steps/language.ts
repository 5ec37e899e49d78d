// Tells in which language a text is, by the package eld. Rule: it is optional, so it is loaded when a rule asks for languages, and nothing is
// compiled against it.

import { createRequire } from 'node:module';

const PACKAGE = 'eld';
/** The smallest of its tables, which is right on most texts of a few words. */
const ENTRY: string = `${PACKAGE}/extrasmall`;

/** Returns what has to be installed; undefined when it is there. */
export function missingLanguagePackage(
  resolve: (name: string) => unknown = createRequire(import.meta.url).resolve,
): string | undefined {
  try {
    resolve(PACKAGE);
  } catch (error) {
    // It has no entry for require(), which tells that it is there.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') return PACKAGE;
  }
  return undefined;
}

/** Returns the language of a text as in ISO 639-1; undefined where that is not certain enough. */
export type DetectLanguage = (text: string) => string | undefined;

/** The part of the package that is used. */
interface Detector {
  detect(text: string): { readonly language: string; isReliable(): boolean };
}

/** Loads the tables, which takes a part of a second and tens of megabytes, once for the process. */
export const loadLanguages = async (): Promise<DetectLanguage> => {
  const { eld } = (await import(ENTRY)) as { readonly eld: Detector };
  return (text) => {
    const found = eld.detect(text);
    return found.language !== '' && found.isReliable() ? found.language : undefined;
  };
};
