// Reads the imports of a source text without a compiler. Good enough for code that the formatter has been over.

export interface Import {
  readonly specifier: string;
  /** Erased before the program runs. */
  readonly isTypeOnly: boolean;
}

const statement = /^\s*(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
const dynamic = /\bimport\(\s*['"]([^'"]+)['"]/g;

/** Static imports, re-exports, and dynamic imports of a literal. */
export function importsOf(text: string): Import[] {
  const code = withoutComments(text);
  const fixed = [...code.matchAll(statement)].map(([, type, specifier]) => ({
    specifier,
    isTypeOnly: type !== undefined,
  }));
  const late = [...code.matchAll(dynamic)].map(([, specifier]) => ({ specifier, isTypeOnly: false }));
  return [...fixed, ...late].filter((one): one is Import => one.specifier !== undefined);
}

/** Blanks comments, and leaves what only looks like one inside a string. */
export function withoutComments(text: string): string {
  return text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_, literal?: string) => literal ?? '',
  );
}
