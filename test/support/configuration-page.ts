// docs/configuration.md out of the schema of the configuration: every key with its type, its default and its meaning.

import { z } from 'zod';
import { isSecretPath } from '../../server/config/problem.ts';
import { rehearsalSchema } from '../../server/config/rehearsal/rehearsal-schema.ts';
import { fileSchema } from '../../server/config/schema.ts';

/** The part of JSON Schema that the configuration uses. */
interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface Row {
  /** `keys[].id`, `gateways.<name>.profile` */
  readonly path: string;
  readonly type: string;
  readonly default: string;
  readonly meaning: string;
}

export interface Section {
  readonly name: string;
  readonly meaning: string;
  readonly rows: readonly Row[];
}

/** One section for each key of the file. */
export function configurationSections(): readonly Section[] {
  const schema = fileSchema(rehearsalSchema);
  const file = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node;
  return Object.entries(file.properties ?? {}).map(([name, node]) => ({
    name,
    meaning: node.description ?? '',
    rows: isLeaf(node) ? [rowOf([name], node, false)] : rowsIn([name], node),
  }));
}

/** Where the written part of the page ends. */
const MARK = '<!-- npm run docs writes what follows, out of the schema in server/config -->';

/** The page with its tables anew. */
export function configurationPage(page: string): string {
  const [written = ''] = page.split(MARK);
  const sections = configurationSections().map(({ name, meaning, rows }) => {
    const words = rows.length === 1 && rows[0]?.path === name ? [] : [meaning, ''];
    return [`## ${name}`, '', ...words, ...tableOf(rows)].join('\n');
  });
  return `${written}${MARK}\n\n${sections.join('\n\n')}\n`;
}

/** A table as the formatter leaves it: each column as wide as its widest cell. */
function tableOf(rows: readonly Row[]): string[] {
  const cells = [
    ['key', 'type', 'default', 'meaning'],
    ...rows.map((row) => [`\`${row.path}\``, row.type, row.default, row.meaning]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(3, ...cells.map((line) => line[column]?.length ?? 0)));
  const [head = '', ...body] = cells.map(
    (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body];
}

type Path = readonly string[];

/** The schemas below a mapping, a list of mappings, or either of two forms. */
function rowsIn(path: Path, node: Node): Row[] {
  const mapping = (node.anyOf ?? [node]).find(hasFields) ?? node;
  if (mapping.items !== undefined) return rowsIn([...path, '[]'], mapping.items);
  if (typeof mapping.additionalProperties === 'object')
    return rowsIn([...path, nameIn(path)], mapping.additionalProperties);
  return Object.entries(mapping.properties ?? {}).flatMap(([name, field]) => {
    const below = [...path, name];
    const own = rowOf(below, field, mapping.required?.includes(name) === true);
    if (isLeaf(field)) return [own];
    return field.description === undefined ? rowsIn(below, field) : [own, ...rowsIn(below, field)];
  });
}

/** The kind of names that a mapping has. */
const nameIn = ([section]: Path): string =>
  section === 'prices' ? '<model>' : section === 'routes' ? '<path>' : '<name>';

const hasFields = ({ properties, items, additionalProperties, anyOf = [] }: Node): boolean =>
  properties !== undefined ||
  anyOf.some(hasFields) ||
  (items !== undefined && hasFields(items)) ||
  (typeof additionalProperties === 'object' && hasFields(additionalProperties));

/** A choice of words and mappings (`when`) is shown in one line. */
const isLeaf = (node: Node): boolean => {
  const forms = node.anyOf ?? [node];
  return !forms.some(hasFields) || forms.filter(hasFields).length > 1;
};

function rowOf(path: Path, node: Node, isRequired: boolean): Row {
  const text = path.join('.').replaceAll('.[]', '[]');
  const secret = isSecretPath(path.map((part) => (part === '[]' ? 0 : part))) ? ', secret' : '';
  return {
    path: text,
    type: `${typeOf(node)}${secret}`,
    default: isRequired ? 'required' : defaultOf(node),
    meaning: node.description ?? '',
  };
}

function defaultOf(node: Node): string {
  const value = node.default;
  if (value === undefined) return '';
  if (value === '') return 'empty';
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return isEmpty ? (isLeaf(node) ? 'none' : '') : `\`${String(value)}\``;
}

function typeOf(node: Node): string {
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(typeOf))].join(' or ');
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((word) => `\`${String(word)}\``).join(', ');
  switch (node.type) {
    case 'integer':
      return `whole number${rangeOf(node)}`;
    case 'number':
      return `number${rangeOf(node)}`;
    case 'boolean':
      return '`true`, `false`';
    case 'array':
      return `list of ${typeOf(node.items ?? {})}`;
    case 'object':
      return objectType(node);
    default:
      return 'text';
  }
}

function objectType({ properties, additionalProperties }: Node): string {
  if (properties === undefined && typeof additionalProperties === 'object')
    return additionalProperties.properties === undefined ? 'mapping' : 'mapping by name';
  return 'mapping';
}

/** Bounds that only keep a number within what the machine can hold are not worth a word. */
function rangeOf({ minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER }: Node): string {
  const from = minimum <= Number.MIN_SAFE_INTEGER ? '' : ` from ${minimum}`;
  return maximum >= 2 ** 31 - 1 ? from : `${from} to ${maximum}`;
}
