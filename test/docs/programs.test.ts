// The programs in the README and in docs/, each run as a newcomer would: against a gateway without keys, where the rehearsal answers.
// TRUNKLINE_VOICE_PYTHON names a Python that has the frameworks for voice agents; else it is `python3`.

import { type ExecFileException, execFile, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Block, guide, guideBlocks, root } from '../support/pages.ts';
import { type ServedGateway, serveGateway } from '../support/sdk.ts';

interface Program extends Block {
  readonly name: string;
}

/** Webhooks need a gateway that sends some: webhooks.test.ts runs theirs. */
const ELSEWHERE = ['webhook'];

const programs: readonly Program[] = guideBlocks
  .filter(({ language }) => ['js', 'ts', 'python'].includes(language))
  .map((block) => ({ ...block, name: block.tags.sdk ?? block.tags.program ?? '' }));
const here = programs.filter(({ name }) => !ELSEWHERE.includes(name));
const inNode = here.filter(({ language }) => language === 'js');
const inPython = here.filter(({ language }) => language === 'python');
const overTls = inNode.filter(({ code }) => code.includes('https:'));
const voice = guide('docs/quickstart-voice.md').text;

interface Needs {
  readonly python: string;
  readonly distribution: string;
  /** The generation that the page installs: an older one may have another interface. */
  readonly major: number;
  readonly module?: string;
}

const voicePython = process.env.TRUNKLINE_VOICE_PYTHON ?? 'python3';
/** They take seconds to load, and to end. */
const frameworkMs = 80_000;
const FRAMEWORKS: Readonly<Record<string, Needs>> = {
  pipecat: { python: voicePython, distribution: 'pipecat-ai', major: 1, module: 'websockets' },
  'livekit-agents': { python: voicePython, distribution: 'livekit-plugins-openai', major: 1 },
};

function needsOf(name: string): Needs {
  const distribution = name.startsWith('openai') ? 'openai' : 'google-genai';
  const module = name.includes('chat') ? {} : { module: 'websockets' };
  return FRAMEWORKS[name] ?? { python: 'python3', distribution, major: 3, ...module };
}

let gateway: ServedGateway;

beforeAll(async () => {
  const times = { firstAudioMs: 10, firstTextMs: 10, tokenMs: 1, audioSpeed: 100 };
  // A busy machine may take longer to store a call than a caller would wait for its context.
  gateway = await serveGateway({ rehearsal: { times, awaitPlayback: false }, side: { contextMs: 20_000 } });
});

afterAll(() => gateway?.close());

interface Outcome {
  readonly exitCode: ExecFileException['code'] | 0;
  readonly output: string;
  readonly errors: string;
}

/** Runs a program as its page has it, but for the ports, and the source of the client in the place of the installed package. */
function run({ language, code, name }: Program, environment: Readonly<Record<string, string>>): Promise<Outcome> {
  const ported = code
    .replace("'trunkline/client'", "'./client/index.ts'")
    .replace('http://127.0.0.1:8080', gateway.http)
    .replace('ws://127.0.0.1:8080', gateway.ws)
    .replace('https://localhost:8443', gateway.https);
  const [command, ...args] =
    language === 'js' ? [process.execPath, '--input-type=module'] : [needsOf(name).python, '-'];
  return new Promise((resolve) => {
    const options = {
      cwd: root,
      env: { PATH: process.env.PATH, ...environment },
      timeout: name in FRAMEWORKS ? frameworkMs : 25_000,
    };
    const child = execFile(command as string, args, options, (error, output, errors) =>
      resolve({ exitCode: error?.code ?? (error ? 1 : 0), output, errors }),
    );
    child.stdin?.end(ported);
  });
}

/** The printed text in one line: a browser's console has one for each piece. */
const inOneLine = (output: string) => output.replace(/\n(?=.)/g, '').trim();
/** Text of a program beside its answer, on standard error. */
const asides = /^served by .+\n$/;

test('every program on the pages has a name, says what it prints, and dials the gateway', () => {
  expect(programs.length).toBeGreaterThan(10);
  for (const { page, name, prints, language } of programs)
    expect({ page, name: name !== '', prints: prints !== '', language }).toEqual({
      ...{ page, name: true, prints: true, language: language === 'python' ? 'python' : 'js' },
    });
  for (const { code } of here) expect(code).toMatch(/(http|ws):\/\/127\.0\.0\.1:8080|https:\/\/localhost:8443/);
});

test('the pages have a program for every client that the voice page names', () => {
  const table = voice.slice(0, voice.indexOf('```'));
  const frameworks = Object.values(FRAMEWORKS).map(({ distribution }) => distribution);
  const clients = [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, client]) => client);
  expect([...new Set(clients)]).toEqual([
    'openai',
    '@openai/agents-realtime',
    '@google/genai',
    'google-genai',
    ...frameworks,
  ]);
  const names = [
    ...Object.keys(FRAMEWORKS),
    'openai-ws',
    'openai-browser',
    'openai-python',
    'agents-realtime',
    'google-genai',
  ];
  expect(programs.map(({ name }) => name)).toEqual(expect.arrayContaining([...names, 'google-genai-python']));
});

test('the README has a program for voice and one for chat', () => {
  const names = programs.filter(({ page }) => page === 'README.md').map(({ name }) => name);
  expect(names).toEqual(['google-genai', 'openai-responses']);
});

test('the variables on the voice page are those that the gateway prints', () => {
  const printed = Object.keys(gateway.environment);
  expect([...voice.matchAll(/^([A-Z_]+)=\/path\/to\/.*tls\/ca\.pem$/gm)].map(([, name]) => name)).toEqual(printed);
});

describe.each(inNode)('$name in $page', (program) => {
  test('the program prints what its page says', async () => {
    const { exitCode, output, errors } = await run(program, gateway.environment);
    const saidBeside = errors.replace(asides, '');
    expect({ exitCode, output: inOneLine(output), saidBeside }).toEqual({
      ...{ exitCode: 0, output: program.prints, saidBeside: '' },
    });
  });
});

test('the program of the Google SDK runs with the generation before too', async () => {
  const program = programs.find(({ name }) => name === 'google-genai') as Program;
  const code = program.code.replace("'@google/genai'", "'google-genai-2'");
  expect(code).not.toBe(program.code);
  expect(await run({ ...program, code }, {})).toMatchObject({ exitCode: 0, output: program.prints });
});

test.each(overTls)('$name fails without the variable that the gateway prints', async (program) => {
  const { exitCode, output, errors } = await run(program, {});
  expect(exitCode).not.toBe(0);
  expect(output).toBe('');
  const [explained = ''] = /^\|.*the variable for the certificate is not set.*$/m.exec(voice) ?? [];
  const messages = [...explained.matchAll(/`([^`]+)`/g)].map(([, message]) => message ?? '');
  expect(messages.filter((message) => errors.includes(message))).not.toEqual([]);
});

describe.each(inPython)('$name in $page', (program) => {
  const { python, distribution, major, module } = needsOf(program.name);
  const needs = module === undefined ? '' : `import ${module}; `;
  const check = `from importlib.metadata import version as v; ${needs}assert int(v('${distribution}').split('.')[0]) >= ${major}`;
  const isInstalled = spawnSync(python, ['-c', check]).status === 0;
  const title = isInstalled
    ? 'the program prints what its page says'
    : `the program is not run here: ${python} has no ${distribution} ${major}`;
  test(title, { timeout: frameworkMs }, async () => {
    if (!isInstalled) return expect(program.before).toMatch(new RegExp(`pip install '?[^\`]*${distribution}`));
    const { exitCode, output, errors } = await run(program, gateway.environment);
    // Frameworks log what they do.
    const saidBeside = program.name in FRAMEWORKS ? '' : errors;
    expect({ exitCode, output: inOneLine(output), saidBeside }).toEqual({
      ...{ exitCode: 0, output: program.prints, saidBeside: '' },
    });
  });
});
