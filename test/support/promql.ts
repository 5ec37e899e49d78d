// Reads PromQL, as much of it as the operator kit uses: what an expression asks for, and by which labels. It throws at anything else.

export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly value: string }[];
}

interface Query {
  readonly selectors: Selector[];
  /** Labels of `by` and `on`. */
  readonly groupings: string[];
}

const AGGREGATIONS = ['sum', 'min', 'max', 'count'];
const RANGED = ['rate', 'increase'];
/** Functions of plain expressions -> how many they take. */
const FUNCTIONS = new Map(Object.entries({ absent: 1, histogram_quantile: 2, time: 0, vector: 1 }));
const OPERATORS = ['+', '-', '*', '/', '>', '<', '>=', '<=', '==', '!=', 'and', 'or', 'unless'];
const TOKEN = /\s*([a-z_]\w*|\$__rate_interval|\d[\d.]*[smhd]?|"[^"\\]*"|[=!]~|[=!><]=|[-+*/=><(){}[\],])/giy;

export function readPromql(text: string): Query {
  const tokens = tokensOf(text);
  const query: Query = { selectors: [], groupings: [] };
  let at = 0;

  const isNext = (...expected: string[]): boolean => expected.includes(tokens[at] ?? '');
  function take(pattern: RegExp, what: string): string {
    const token = tokens[at] ?? 'the end';
    if (!pattern.test(token)) throw new Error(`expected ${what}, got ${token} in ${text}`);
    at += 1;
    return token;
  }
  const skip = (token: string): void => void take(new RegExp(`^\\${token}$`), token);

  function list<T>(open: string, close: string, item: () => T): T[] {
    const items: T[] = [];
    skip(open);
    while (!isNext(close)) {
      if (items.length > 0) skip(',');
      items.push(item());
    }
    skip(close);
    return items;
  }

  function labels(): void {
    query.groupings.push(...list('(', ')', () => take(/^[a-z_]\w*$/i, 'a label')));
  }

  function expression(): void {
    operand();
    while (isNext(...OPERATORS)) {
      at += 1;
      if (isNext('on')) {
        at += 1;
        labels();
      }
      operand();
    }
  }

  function operand(): void {
    if (isNext('(')) {
      list('(', ')', expression);
      return;
    }
    if (/^\d/.test(tokens[at] ?? '')) {
      take(/^\d+(\.\d+)?$/, 'a number');
      return;
    }
    const name = take(/^[a-z_]\w*$/i, 'a metric, a function or a number');
    if (AGGREGATIONS.includes(name)) aggregation();
    else if (RANGED.includes(name)) ranged();
    else if (isNext('(')) call(name);
    else selector(name);
  }

  function aggregation(): void {
    if (isNext('by')) {
      at += 1;
      labels();
    }
    skip('(');
    expression();
    skip(')');
  }

  function ranged(): void {
    skip('(');
    selector(take(/^[a-z_]\w*$/i, 'a metric'));
    skip('[');
    take(/^(\d+[smhd]|\$__rate_interval)$/, 'a duration');
    skip(']');
    skip(')');
  }

  function call(name: string): void {
    const given = list('(', ')', expression).length;
    if (FUNCTIONS.get(name) !== given) throw new Error(`expected a function, got ${name} of ${given} in ${text}`);
  }

  function selector(metric: string): void {
    const matchers = isNext('{') ? list('{', '}', matcher) : [];
    query.selectors.push({ metric, matchers });
    if (!isNext('offset')) return;
    at += 1;
    take(/^\d+[smhd]$/, 'a duration');
  }

  function matcher() {
    const label = take(/^[a-z_]\w*$/i, 'a label');
    take(/^(=|!=|=~|!~)$/, 'an operator of labels');
    return { label, value: take(/^"/, 'a text').slice(1, -1) };
  }

  expression();
  take(/^the end$/, 'the end');
  return query;
}

function tokensOf(text: string): readonly string[] {
  const trimmed = text.trim();
  const found = [...trimmed.matchAll(TOKEN)];
  const end = found.reduce((length, [token]) => length + token.length, 0);
  if (end !== trimmed.length) throw new Error(`expected PromQL, got ${trimmed.slice(end)} in ${text}`);
  return found.map(([, token = '']) => token);
}
