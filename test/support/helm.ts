// Renders the templates of a Helm chart, as far as ours use Go's language of templates and Helm's functions. It throws at anything else, and at
// a value that is not in values.yaml.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

type Value = unknown;
type Scope = { readonly dot: Value; readonly variables: ReadonlyMap<string, Value> };
type Render = (scope: Scope) => string;
type Evaluate = (scope: Scope) => Value;

interface Piece {
  readonly text: string;
  /** The action that follows the text; undefined at the end of the file. */
  readonly action: string | undefined;
}

/** Values of a user over those of the chart: mappings are joined, all else is replaced. */
export function joined(base: Value, over: Value): Value {
  if (!isMapping(base) || !isMapping(over)) return over;
  const names = Object.keys({ ...base, ...over });
  return Object.fromEntries(
    names.map((name) => [name, name in over ? joined(base[name], over[name]) : base[name]] as const),
  );
}

/** Renders all templates of the chart in the folder. Returns the documents in them, by the path of their template. */
export function renderChart(folder: string, values: Value, release = 'trunkline'): Map<string, string> {
  const chart = parse(readFileSync(join(folder, 'Chart.yaml'), 'utf8')) as Record<string, string>;
  const Chart = Object.fromEntries(Object.entries(chart).map(([name, value]) => [capital(name), value]));
  const Release = { Name: release, Namespace: 'default', Service: 'Helm' };
  const defined = new Map<string, Render>();
  const files = readdirSync(join(folder, 'templates')).sort();
  const rendered = files.map((name) => {
    const render = templateOf(readFileSync(join(folder, 'templates', name), 'utf8'), defined);
    return [name, render] as const;
  });
  const dot = { Values: values, Chart, Release };
  const scope = { dot, variables: new Map([['$', dot]]) };
  return new Map(
    rendered.filter(([name]) => !name.startsWith('_')).map(([name, render]) => [name, render(scope)] as const),
  );
}

const capital = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
const isMapping = (value: Value): value is Record<string, Value> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Go's idea of what counts as nothing. */
const isEmpty = (value: Value): boolean =>
  !value || (typeof value === 'object' && Object.keys(value as object).length === 0);

function templateOf(text: string, defined: Map<string, Render>): Render {
  const pieces = piecesOf(text);
  let at = 0;

  /** Reads up to an `end` or an `else`, which it leaves to the caller. */
  function block(): Render {
    const parts: Render[] = [];
    for (;;) {
      const { text: plain, action } = pieces[at++] as Piece;
      parts.push(() => plain);
      if (action === undefined || action === 'end' || action === 'else')
        return (scope) => parts.map((part) => part(scope)).join('');
      parts.push(rendererOf(action));
    }
  }

  const stoppedAt = () => pieces[at - 1]?.action;

  /** Reads a block with its `else`, up to its `end`. */
  function branches(): readonly [Render, Render] {
    const first = block();
    const second = stoppedAt() === 'else' ? block() : () => '';
    if (stoppedAt() !== 'end') throw new Error(`expected an end, got ${stoppedAt() ?? 'the end of the file'}`);
    return [first, second];
  }

  function rendererOf(action: string): Render {
    const [, word = '', rest = ''] = /^(if|with|range|define)\s+(.*)$/s.exec(action) ?? [];
    if (word === 'define') {
      defined.set(JSON.parse(rest), branches()[0]);
      return () => '';
    }
    if (word === 'range') return rangeOf(rest, branches()[0]);
    const evaluate = evaluatorOf(word === '' ? action : rest, defined);
    if (word === '') return (scope) => printed(evaluate(scope), action);
    const [then, otherwise] = branches();
    return (scope) => {
      const value = evaluate(scope);
      if (isEmpty(value)) return otherwise(scope);
      return then(word === 'with' ? { ...scope, dot: value } : scope);
    };
  }

  function rangeOf(words: string, body: Render): Render {
    const [, key = '', item = '', over = ''] = /^(\$\w+), (\$\w+) := (.*)$/.exec(words) ?? [];
    const evaluate = evaluatorOf(over, defined);
    return ({ dot, variables }) => {
      const mapping = evaluate({ dot, variables }) as Record<string, Value>;
      const names = Object.keys(mapping).sort();
      return names
        .map((name) =>
          body({ dot: mapping[name], variables: new Map([...variables, [key, name], [item, mapping[name]]]) }),
        )
        .join('');
    };
  }

  const whole = block();
  if (stoppedAt() !== undefined) throw new Error(`expected the end of the file, got ${stoppedAt()}`);
  return whole;
}

/** Splits a template at its actions; a dash at an action takes the space on its side away. */
function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let rest = text;
  for (let found = next(rest); found !== null; found = next(rest)) {
    const [whole, left, action = '', right] = found;
    const before = rest.slice(0, found.index);
    const after = rest.slice(found.index + whole.length);
    pieces.push({ text: left ? before.trimEnd() : before, action });
    rest = right ? after.trimStart() : after;
  }
  return [...pieces, { text: rest, action: undefined }];
}
const next = (text: string) => /\{\{(-)?\s*(.*?)\s*(-)?\}\}/s.exec(text);

function printed(value: Value, action: string): string {
  if (value === null || typeof value === 'object') throw new Error(`expected a text or a number of {{ ${action} }}`);
  return String(value);
}

/** Reads a pipeline: `term`, `name term term`, or several of these with `|` between them. */
function evaluatorOf(words: string, defined: ReadonlyMap<string, Render>): Evaluate {
  const tokens = [...words.matchAll(/"[^"]*"|[()|]|[^\s()|]+/g)].map(String);
  let at = 0;

  function pipeline(): Evaluate {
    let evaluate = command(undefined);
    while (tokens[at] === '|') {
      at += 1;
      evaluate = command(evaluate);
    }
    return evaluate;
  }

  function command(piped: Evaluate | undefined): Evaluate {
    const first = tokens[at] ?? '';
    if (!/^[a-zA-Z]\w*$/.test(first)) return term();
    at += 1;
    const given: Evaluate[] = [];
    while (at < tokens.length && tokens[at] !== '|' && tokens[at] !== ')') given.push(term());
    if (piped !== undefined) given.push(piped);
    return (scope) =>
      applied(
        first,
        given.map((evaluate) => evaluate(scope)),
        defined,
      );
  }

  function term(): Evaluate {
    const token = tokens[at++] ?? '';
    if (token === '(') {
      const inner = pipeline();
      if (tokens[at++] !== ')') throw new Error(`expected a closing parenthesis in {{ ${words} }}`);
      return inner;
    }
    if (/^("|\d)/.test(token)) return () => JSON.parse(token) as Value;
    const [, variable = '', path = ''] = /^(\$\w*)?((?:\.\w+)*|\.)$/.exec(token) ?? [];
    if (variable + path === '') throw new Error(`expected a value, got ${token} in {{ ${words} }}`);
    return ({ dot, variables }) => valueAt(variable === '' ? dot : variables.get(variable), path, words);
  }

  const evaluate = pipeline();
  if (at !== tokens.length) throw new Error(`expected the end of {{ ${words} }}, got ${tokens[at]}`);
  return evaluate;
}

function valueAt(from: Value, path: string, words: string): Value {
  const found = path
    .split('.')
    .filter((name) => name !== '')
    .reduce<Value>((value, name) => (isMapping(value) ? value[name] : undefined), from);
  if (found === undefined) throw new Error(`expected ${path} to be there for {{ ${words} }}`);
  return found;
}

function applied(name: string, given: readonly Value[], defined: ReadonlyMap<string, Render>): Value {
  const [first, second] = given;
  const numbers = given.map(Number);
  switch (name) {
    case 'include': {
      const render = defined.get(String(first));
      if (render === undefined) throw new Error(`there is no template ${first}`);
      return render({ dot: second, variables: new Map([['$', second]]) });
    }
    case 'toYaml':
      return stringify(first, { sortMapEntries: true, lineWidth: 0 }).trimEnd();
    case 'nindent':
      return `\n${String(second).replace(/^/gm, ' '.repeat(Number(first)))}`;
    case 'sha256sum':
      return createHash('sha256').update(String(first)).digest('hex');
    case 'quote':
      return JSON.stringify(String(first));
    case 'default':
      return isEmpty(second) ? first : second;
    case 'int':
      return Math.trunc(Number(first));
    case 'add':
      return numbers.reduce((sum, number) => sum + number, 0);
    case 'div':
      return Math.trunc((numbers[0] as number) / (numbers[1] as number));
    case 'gt':
      return (numbers[0] as number) > (numbers[1] as number);
    case 'eq':
      return first === second;
    case 'ne':
      return first !== second;
    case 'and':
      return given.find(isEmpty) ?? given.at(-1);
    case 'not':
      return isEmpty(first);
    default:
      throw new Error(`there is no function ${name}`);
  }
}
