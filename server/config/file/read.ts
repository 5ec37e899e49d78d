// Reads the YAML file: its data, and the place of each key for what is wrong with it.

import { readFileSync } from 'node:fs';
import { isMap, isSeq, LineCounter, type ParsedNode, parseDocument, type Scalar } from 'yaml';
import { ConfigError, faultText, type PlaceOf, pathText } from '../problem.ts';

export interface YamlFile {
  readonly data: unknown;
  readonly placeOf: PlaceOf;
}

/** Reads the data of a file and the places of its keys. An empty file is an empty mapping. */
export function readYaml(file: string): YamlFile {
  const lineCounter = new LineCounter();
  const text = readConfigFile(file);
  // Pretty errors would quote the line, which may hold a secret.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true });
  const place = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return `${file}:${line}:${col}: `;
  };
  // Other faults of syntax are often consequences of the first.
  const [fault] = [...document.errors, ...document.warnings];
  if (fault) {
    const [offset] = fault.pos;
    const isUnquoted = text.startsWith('${', offset - 1);
    const message = isUnquoted ? 'expected "${NAME}" in quotes inside of { }' : syntaxFault(fault);
    throw new ConfigError([{ path: '', message }], () => place(offset));
  }
  const offsets = new Map(offsetsOf(document.contents, []));
  const placeOf = (path: string): string => {
    const offset = offsets.get(path);
    if (offset !== undefined) return place(offset);
    return path === '' ? `${file}: ` : placeOf(path.replace(/(^|[.[])[^.[]*$/, ''));
  };
  try {
    return { data: document.toJS() ?? {}, placeOf };
  } catch (error) {
    // Aliases without an anchor, and those that would fill the memory, are found only here.
    throw new ConfigError([{ path: '', message: syntaxFault(error as Error) }], placeOf);
  }
}

/** Leaves out what the parser quotes behind a colon, or of a tag: a secret without quotes may begin with `*`, `!`, `|` or `>`. */
function syntaxFault({ message, code }: Error & { readonly code?: string }): string {
  const isTag = code === 'TAG_RESOLVE_FAILED' || code === 'BAD_COLLECTION_TYPE';
  return isTag ? 'expected no tag: a text that begins with ! needs quotes' : message.replace(/(?<=\S): .*/s, '');
}

/** Yields the path of every key and entry, and its offset in the text. */
function* offsetsOf(node: unknown, path: readonly (string | number)[]): Generator<[string, number]> {
  const entries = isMap<Scalar.Parsed>(node)
    ? node.items.map(({ key, value }) => ({ part: String(key.value), start: key, value }))
    : isSeq<ParsedNode>(node)
      ? node.items.map((value, part) => ({ part, start: value, value }))
      : [];
  for (const { part, start, value } of entries) {
    yield [pathText([...path, part]), start.range[0]];
    yield* offsetsOf(value, [...path, part]);
  }
}

function readConfigFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const message = `expected a readable configuration file, got "${file}": ${faultText(error)}`;
    throw new ConfigError([{ path: '', message }]);
  }
}
