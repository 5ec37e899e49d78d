// The image, the compose file, the systemd unit and the example configuration, beside the defaults of the code and each other.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../server/config/load.ts';
import { version } from '../../server/platform/entry.ts';
import { guide, root } from '../support/pages.ts';
import { runCommand } from '../support/served.ts';

const path = (name: string) => join(root, 'deploy', name);
const read = (name: string) => readFileSync(path(name), 'utf8');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  devDependencies: Record<string, string>;
  files: string[];
  license: string;
};
const defaults = loadConfig({ env: {} });
const example = path('trunkline.example.yaml');
const env = Object.fromEntries(
  Object.entries(parseEnv(read('example.env'))).map(([name, value]) => [name, value || `secret-of-${name}`]),
) as Record<string, string>;
const inExample = loadConfig({ file: example, env });

/** Time that whatever stops a gateway has to give it: the drain, and ten seconds for tasks. */
const LEAST_S = defaults.limits.drainMs / 1000 + 10;

describe('the example configuration', () => {
  test('trunkline config check accepts it with the variables that example.env names, without a warning', async () => {
    const command = runCommand(['config', 'check', '--config', example], env);
    const { code } = await command.exited;
    expect([code, command.stderr()]).toEqual([0, '']);
    expect(command.stdout()).toMatch(/^the configuration is valid\n/);
  });

  test('each variable of it that is empty in example.env is refused by its name until somebody fills it in', async () => {
    const command = runCommand(['config', 'check', '--config', example], parseEnv(read('example.env')) as typeof env);
    const { code } = await command.exited;
    expect(code).toBe(2);
    for (const name of ['TRUNKLINE_ADMIN_TOKEN', 'TRUNKLINE_KEY', 'OPENAI_API_KEY'])
      expect(command.stderr()).toContain(name);
  });

  test('it has the ports and the drain of the defaults, and no rehearsal', () => {
    expect([inExample.listen.port, inExample.admin.port]).toEqual([defaults.listen.port, defaults.admin.port]);
    expect(inExample.limits.drainMs).toBe(defaults.limits.drainMs);
    expect(inExample.rehearsal).toBe(false);
  });
});

/** The instructions of the Dockerfile with their words, lines that go on joined. */
const instructions = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .flatMap((line) => {
    const [, name, words] = /^([A-Z]+) +(.*)$/.exec(line) ?? [];
    return name === undefined || words === undefined ? [] : [{ name, words }];
  });
const instruction = (name: string) => instructions.filter((one) => one.name === name).map(({ words }) => words);

describe('the image', () => {
  test('all stages are of the Node that the tests run on', () => {
    expect(instruction('ARG')).toEqual([`NODE=${manifest.devDependencies.node}`]);
    expect(instruction('FROM').map((words) => words.split(' ')[0])).toEqual(
      Array(3).fill(`node:${'$'}{NODE}-bookworm-slim`),
    );
  });

  test('it runs as a user that is not root, listens on the ports of the defaults, and is stopped by the signal that drains', () => {
    expect(instruction('USER')).toEqual(['1000:1000']);
    const { listen, admin } = defaults;
    expect(instruction('EXPOSE')).toEqual([`${listen.port} ${listen.tlsPort} ${admin.port}`]);
    expect(instruction('STOPSIGNAL')).toEqual(['SIGTERM']);
    expect(instruction('LABEL').join()).toContain(`image.version="${version}"`);
    expect(instruction('LABEL').join()).toContain(`image.licenses="${manifest.license}"`);
  });

  test('it starts the command with what the command takes', () => {
    expect(JSON.parse(instruction('ENTRYPOINT')[0] ?? '')).toEqual(['node', '/opt/trunkline/server/cli/bin.js']);
    const { values, positionals } = parseArgs({
      args: JSON.parse(instruction('CMD')[0] ?? '') as string[],
      options: { config: { type: 'string' }, data: { type: 'string' } },
      allowPositionals: true,
    });
    expect([positionals, values.config]).toEqual([['serve'], '/etc/trunkline/trunkline.yaml']);
    expect(instruction('VOLUME')).toEqual([values.data]);
  });

  test('it copies no more than what the package is made of, and all of that', () => {
    const [first, ...allowed] = read('Dockerfile.dockerignore')
      .replace(/^#.*\n/gm, '')
      .trim()
      .split('\n');
    const names = allowed.map((line) => line.replace(/^!/, ''));
    expect(first).toBe('*');
    expect(names.filter((name) => !existsSync(join(root, name)))).toEqual([]);
    const sources = ['adapters', 'client', 'codecs', 'server', ...manifest.files, 'LICENSE', 'README.md'];
    const missing = sources.filter((name) => name !== 'dist' && !names.includes(name.split('/')[0] ?? ''));
    expect(missing).toEqual([]);
    expect(names.filter((name) => /^(deploy|test|bench|examples|node_modules|\.git|\.trunkline)/.test(name))).toEqual(
      [],
    );
  });

  test('no secret is an argument or a variable of the image', () => {
    expect(
      [...instruction('ENV'), ...instruction('ARG')].filter((words) => /token|key|secret|password/i.test(words)),
    ).toEqual([]);
  });

  test('it is healthy while the admin listener says so, and not when that says no or is gone', async () => {
    const [check = ''] = instruction('HEALTHCHECK');
    const [, flag, script = ''] = JSON.parse(check.slice(check.indexOf('['))) as string[];
    expect([flag, script]).toEqual(['-e', expect.stringContaining(`http://127.0.0.1:${defaults.admin.port}/healthz`)]);
    let status = 200;
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/healthz' ? status : 404).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const outcome = async () => {
      const child = execFile(process.execPath, ['-e', script.replace(String(defaults.admin.port), String(port))]);
      const [code] = await once(child, 'exit');
      return code as number;
    };
    expect(await outcome()).toBe(0);
    status = 503;
    expect(await outcome()).toBe(1);
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    expect(await outcome()).toBe(1);
  });
});

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly user?: string;
  readonly environment: Record<string, string>;
  readonly volumes: readonly string[];
  readonly ports?: readonly string[];
  readonly tmpfs: readonly string[];
  readonly stop_grace_period: string;
}

describe('compose.yaml', () => {
  const compose = parse(read('compose.yaml')) as {
    services: Record<'trunkline' | 'postgres', Service>;
    volumes: object;
  };
  const { trunkline, postgres } = compose.services;

  test('it builds the image of this folder and publishes the ports of the example, the admin listener on loopback', () => {
    expect(existsSync(join(root, 'deploy', trunkline.build?.context ?? '', trunkline.build?.dockerfile ?? ''))).toBe(
      true,
    );
    expect(trunkline.image).toBe(`trunkline:${version}`);
    const { listen, admin } = inExample;
    expect(trunkline.ports).toEqual([`${listen.port}:${listen.port}`, `127.0.0.1:${admin.port}:${admin.port}`]);
    expect(postgres.ports).toBeUndefined();
  });

  test('it mounts the example and a volume where the image looks for them, and stops as late as a drain may take', () => {
    const [mounted = '', data = ''] = trunkline.volumes;
    const [, file = '', place = ''] = /^\$\{TRUNKLINE_CONFIG:-\.\/(\S+)\}:(\S+):ro$/.exec(mounted) ?? [];
    expect(path(file)).toBe(example);
    const command = JSON.parse(instruction('CMD')[0] ?? '') as string[];
    expect(command).toEqual(['serve', '--config', place, '--data', data.split(':')[1]]);
    expect(Number.parseInt(trunkline.stop_grace_period, 10)).toBeGreaterThan(LEAST_S);
  });

  test('what it takes from the environment is in example.env, and the store that it names is its own', () => {
    const text = read('compose.yaml');
    const asked = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name);
    expect([...new Set(asked)]).toEqual(['POSTGRES_PASSWORD']);
    expect(Object.keys(env)).toContain('POSTGRES_PASSWORD');
    const password = /\$\{POSTGRES_PASSWORD:\?[^}]*\}/;
    const store = { ...env, TRUNKLINE_STORE_URL: trunkline.environment.TRUNKLINE_STORE_URL?.replace(password, 'pa55') };
    const { store: configured } = loadConfig({ file: example, env: store });
    const { POSTGRES_USER, POSTGRES_DB } = postgres.environment;
    expect(configured.url).toBe(`postgres://${POSTGRES_USER}:pa55@postgres:5432/${POSTGRES_DB}`);
  });

  test.each(['trunkline', 'postgres'] as const)('%s has no rights, and writes nowhere but to its volumes', (name) => {
    const service = compose.services[name];
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(service.tmpfs).toContain('/tmp');
    expect(service.user ?? instruction('USER')[0]).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const volumes = service.volumes.flatMap((volume) => /^(\w+):/.exec(volume)?.[1] ?? []);
    expect(volumes.filter((volume) => !(volume in compose.volumes))).toEqual([]);
    expect(volumes).toHaveLength(1);
  });
});

const settingsOf = (unit: string) =>
  [...read(unit).matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value] as const);

describe('the systemd units', () => {
  const settings = settingsOf('systemd/trunkline.service');
  const setting = (name: string) => settings.flatMap(([one, value]) => (one === name ? [value] : []));

  test('it starts the command of the package with the configuration and the state directory of the unit', () => {
    const [program, bin, ...args] = (setting('ExecStart')[0] ?? '').split(' ');
    const data = `/var/lib/${setting('StateDirectory')[0]}`;
    expect(program).toBe('/usr/bin/node');
    expect(bin).toBe('/opt/trunkline/node_modules/trunkline/server/cli/bin.js');
    expect(args).toEqual(['serve', '--config', '/etc/trunkline/trunkline.yaml', '--data', data]);
    expect(setting('DynamicUser')).toEqual(['yes']);
  });

  test('it reloads by SIGHUP, and waits for a drain before it kills what is left', () => {
    expect(setting('ExecReload')).toEqual(['/bin/kill -HUP $MAINPID']);
    expect([setting('KillMode'), setting('KillSignal')]).toEqual([['mixed'], ['SIGTERM']]);
    expect(Number.parseInt(setting('TimeoutStopSec')[0] ?? '', 10)).toBeGreaterThan(LEAST_S);
    expect(setting('RestartPreventExitStatus')).toEqual(['2']);
  });

  test('the socket listens where the example does, and has the name of the service', () => {
    const { host, port } = inExample.listen;
    const socket = settingsOf('systemd/trunkline.socket');
    expect(socket.filter(([name]) => name === 'ListenStream')).toEqual([['ListenStream', `${host}:${port}`]]);
    expect(socket.filter(([name]) => ['Service', 'Accept'].includes(name))).toEqual([]);
  });

  test('no setting is there twice', () => {
    for (const unit of ['systemd/trunkline.service', 'systemd/trunkline.socket']) {
      const names = settingsOf(unit).map(([name]) => name);
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    }
  });
});

test('docs/deploying.md names the files of the kit', () => {
  const { text } = guide('docs/deploying.md');
  const files = [
    'Dockerfile',
    'compose.yaml',
    'example.env',
    'trunkline.example.yaml',
    'systemd/trunkline.service',
    'systemd/trunkline.socket',
  ];
  for (const file of [...files, 'helm/trunkline', 'grafana/trunkline.json', 'prometheus/alerts.yaml'])
    expect(text).toContain(`deploy/${file}`);
});
