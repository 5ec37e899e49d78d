// The programs in the README, each run as a newcomer would: against a gateway without keys and with the rehearsal provider.

import { type ExecFileException, execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configFiles } from './support/config-files.ts';
import { type ServedGateway, serveGateway } from './support/sdk.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

interface Program {
  readonly name: string;
  readonly language: string;
  readonly code: string;
}
const programs: readonly Program[] = [...readme.matchAll(/^```(\w+) sdk=(\S+)\n(.*?)^```$/gms)].map(
  ([, language = '', name = '', code = '']) => ({ name, language, code }),
);
const inNode = programs.filter(({ language }) => language === 'js');
const inPython = programs.filter(({ language }) => language === 'python');
const overTls = inNode.filter(({ code }) => code.includes('https:'));
/** The README's own promise. */
const answer = /^Each of these programs prints `([^`]+)`/m.exec(readme)?.[1] ?? '';

const { load } = configFiles();
let gateway: ServedGateway;

beforeAll(async () => {
  const times = { firstAudioMs: 10, firstTextMs: 10, tokenMs: 1, audioSpeed: 100 };
  gateway = await serveGateway({ rehearsal: { times, awaitPlayback: false } });
});

afterAll(() => gateway?.close());

interface Outcome {
  readonly exitCode: ExecFileException['code'] | 0;
  readonly output: string;
  readonly errors: string;
}

/** Runs a program as the README has it, but for the port. */
function run({ language, code }: Program, environment: Readonly<Record<string, string>>): Promise<Outcome> {
  const ported = code
    .replace('http://127.0.0.1:8080', gateway.http)
    .replace('ws://127.0.0.1:8080', gateway.ws)
    .replace('https://localhost:8443', gateway.https);
  const [command, ...args] = language === 'js' ? [process.execPath, '--input-type=module'] : ['python3', '-'];
  return new Promise((resolve) => {
    const options = { cwd: root, env: { PATH: process.env.PATH, ...environment }, timeout: 25_000 };
    const child = execFile(command as string, args, options, (error, output, errors) =>
      resolve({ exitCode: error?.code ?? (error ? 1 : 0), output, errors }),
    );
    child.stdin?.end(ported);
  });
}

/** What is printed, in one line: a browser's console has one for each piece. */
const inOneLine = (output: string) => output.replace(/\n(?=.)/g, '').trim();

test('the README has a program for every client that it names', () => {
  const names = [
    'openai-ws',
    'openai-browser',
    'openai-python',
    'agents-realtime',
    'google-genai',
    'google-genai-python',
  ];
  expect(programs.map(({ name }) => name)).toEqual(names);
  expect(answer).toContain('rehearsal provider');
  for (const { code } of programs) expect(code).toMatch(/(http|ws):\/\/127\.0\.0\.1:8080|https:\/\/localhost:8443/);
});

test('the configurations in the README are valid as they stand, the side path alone and under the gateway', () => {
  const blocks = [...readme.matchAll(/^```yaml(?: side)?\n(.*?)^```$/gms)].map(([, block = '']) => block);
  const whole = blocks.filter((block) => !block.startsWith('rehearsal:'));
  expect(whole).toHaveLength(2);
  const names = [...readme.matchAll(/"\$\{([A-Z_]+)\}"/g)].map(([, name = '']) => [name, `secret-of-${name}`]);
  for (const text of [...blocks, whole.join('')]) {
    expect(() => load(text, Object.fromEntries(names))).not.toThrow();
  }
});

test('the variables in the README are those that the gateway prints', () => {
  const printed = Object.keys(gateway.environment);
  expect([...readme.matchAll(/^([A-Z_]+)=\/path\/to\/.*tls\/ca\.pem$/gm)].map(([, name]) => name)).toEqual(printed);
});

describe.each(inNode)('$name', (program) => {
  test('prints what the README says', async () => {
    const { exitCode, output, errors } = await run(program, gateway.environment);
    expect({ exitCode, output: inOneLine(output), errors }).toEqual({ exitCode: 0, output: answer, errors: '' });
  });
});

test('the program of the Google SDK runs with the generation before too', async () => {
  const program = programs.find(({ name }) => name === 'google-genai') as Program;
  const code = program.code.replace("'@google/genai'", "'google-genai-2'");
  expect(code).not.toBe(program.code);
  expect(await run({ ...program, code }, {})).toMatchObject({ exitCode: 0, output: answer });
});

test.each(overTls)('$name fails without the variable that the gateway prints', async (program) => {
  const { exitCode, output, errors } = await run(program, {});
  expect(exitCode).not.toBe(0);
  expect(output).toBe('');
  const [explained = ''] = /^\|.*the variable for the certificate is not set.*$/m.exec(readme) ?? [];
  const messages = [...explained.matchAll(/`([^`]+)`/g)].map(([, message]) => message ?? '');
  expect(messages.filter((message) => errors.includes(message))).not.toEqual([]);
});

describe.each(inPython)('$name', (program) => {
  // The generation that the README installs: an older one may have another interface.
  const distribution = program.name.startsWith('openai') ? 'openai' : 'google-genai';
  const check = `from importlib.metadata import version as v; import websockets; assert v('${distribution}') >= '3'`;
  const isInstalled = spawnSync('python3', ['-c', check]).status === 0;
  const title = isInstalled ? 'prints what the README says' : `is not run here: python3 has no ${distribution} 3`;
  test(title, async () => {
    if (!isInstalled) return expect(readme).toMatch(new RegExp(`pip install '?${distribution}`));
    const { exitCode, output, errors } = await run(program, gateway.environment);
    expect({ exitCode, output: inOneLine(output), errors }).toEqual({ exitCode: 0, output: answer, errors: '' });
  });
});
