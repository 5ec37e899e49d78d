// Puts credentials of the environment in the place of `${NAME}`.

import { isSecretPath, type Problem, pathText, SECRET_PATHS } from '../problem.ts';
import { FORWARD_CLIENT } from './words.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

type Path = readonly (string | number)[];

interface SecretContext {
  readonly env: Environment;
  readonly problems: Problem[];
}

/** Copies the data with `${NAME}` replaced in the fields of secrets. Anywhere else it is a problem. */
export function resolveSecrets(value: unknown, path: Path, context: SecretContext): unknown {
  if (Array.isArray(value)) return value.map((item, index) => resolveSecrets(item, [...path, index], context));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, resolveSecrets(item, [...path, key], context)]),
    );
  }
  if (typeof value !== 'string' || !value.includes('${')) return value;
  if (isSecretPath(path)) return secretFrom(value, path, context);
  const message = `expected a plain value: \${...} is for secrets only (${SECRET_PATHS.join(', ')})`;
  context.problems.push({ path: pathText(path), message });
  return value;
}

function secretFrom(template: string, path: Path, { env, problems }: SecretContext): string {
  const report = (message: string) => {
    problems.push({ path: pathText(path), message });
    // Keeps the field valid, so that the same fault is not reported twice.
    return `missing-${pathText(path)}`;
  };
  const secret = template.replace(/\$\{([^}]*)(\}|$)/g, (_, name: string, end: string) => {
    if (!end || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return report('expected ${NAME} with the name of a variable');
    const value = env[name];
    return value?.trim()
      ? value
      : report(`the environment variable ${name} is ${value === undefined ? 'not set' : 'empty'}`);
  });
  // A variable must not be able to change what the field means.
  return secret === FORWARD_CLIENT
    ? report(`expected a credential, got the word ${FORWARD_CLIENT} from a variable`)
    : secret;
}
