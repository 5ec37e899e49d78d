// Reads the imports and exports of a source text without a compiler. Good enough for code that the formatter has been over.

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

/** A name that one file takes from another: `import { name }` or `export { name } from`. */
export interface NamedImport {
  readonly specifier: string;
  /** `*` where the file takes all names. */
  readonly name: string;
}

const declaration =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:const|let|class|function\*?|interface|type|enum)\s+([\w$]+)/gm;
const named = /^\s*(?:import|export)\s+(?:type\s+)?(\*|[^'"`;]*?)\s+from\s+['"]([^'"]+)['"]/gm;
const namedDynamic =
  /\{([^{}]*)\}\s*=\s*await\s+import\(\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)\)?\.?([\w$]*)/g;

/** The names that a file declares and exports; `export { name }` without a declaration of its own is a re-export and left out. */
export function exportsOf(text: string): string[] {
  return [...withoutComments(text).matchAll(declaration)].map(([, name = '']) => name);
}

/** Every name that a file takes from another, with the specifier of that file. */
export function namedImportsOf(text: string): NamedImport[] {
  const code = withoutComments(text);
  const fixed = [...code.matchAll(named)].flatMap(([, names = '', specifier = '']) => namesIn(names, specifier));
  const late = [...code.matchAll(namedDynamic)].flatMap(([, names, of, specifier, member]) =>
    names === undefined ? [{ specifier: specifier ?? '', name: member || '*' }] : namesIn(`{${names}}`, of ?? ''),
  );
  return [...fixed, ...late];
}

function namesIn(names: string, specifier: string): NamedImport[] {
  const [, listed] = /\{([^}]*)\}/.exec(names) ?? [];
  if (listed === undefined) return [{ specifier, name: names.includes('*') ? '*' : 'default' }];
  return listed
    .split(',')
    .map(
      (part) =>
        part
          .trim()
          .replace(/^type\s+/, '')
          .split(/\s+as\s+|:/)[0]
          ?.trim() ?? '',
    )
    .filter((name) => name !== '')
    .map((name) => ({ specifier, name }));
}
