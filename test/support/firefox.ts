// Starts a Firefox, where one is installed, and drives it by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/).

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { temporaryFolder } from './temporary-folder.ts';
import { until } from './until.ts';

const starts = (command: string) => spawnSync(command, ['--version'], { timeout: 30_000 }).status === 0;

/** The command of an installed Firefox; undefined where there is none. */
export const firefox = ['firefox-esr', 'firefox'].find(starts);
/** True where PulseAudio can stand in for a loudspeaker. */
export const hasPulse = starts('pulseaudio');

/** Nothing is asked, and a tone stands in for the microphone. */
const PREFERENCES = {
  'media.autoplay.default': 0,
  'media.navigator.permission.disabled': true,
  'media.navigator.streams.fake': true,
};

export interface FirefoxPage {
  /** The value of an expression of the page, once it is settled; evaluated as if the user had just clicked. */
  evaluate(expression: string): Promise<unknown>;
  /** The first truthy value of an expression. The page looks by itself: questions from outside would hold up its sound. */
  until(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Opens a page. `hasSound`: the machine has a loudspeaker, which swallows everything; else it has none. */
export async function openFirefox(url: string, { hasSound }: { readonly hasSound: boolean }): Promise<FirefoxPage> {
  const home = temporaryFolder('firefox');
  const environment = { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: home, PULSE_SERVER: `unix:${home}/sound` };
  const pulse = hasSound ? await startPulse(home, environment) : undefined;
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${value});\n`);
  writeFileSync(join(home, 'user.js'), lines.join(''));
  const options = ['--headless', '--no-remote', '--profile', home, '--remote-debugging-port=0', 'about:blank'];
  const browser = spawn(firefox ?? '', options, { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  const bidi = await connect(await addressOf(browser));
  await bidi.call('session.new', { capabilities: {} });
  const { contexts } = await bidi.call('browsingContext.getTree', {});
  const context = (contexts as { readonly context: string }[])[0]?.context;
  await bidi.call('browsingContext.navigate', { context, url, wait: 'complete' });
  const evaluate = async (expression: string) => {
    const how = { expression, target: { context }, awaitPromise: true, userActivation: true };
    const { result, exceptionDetails } = await bidi.call('script.evaluate', how);
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { readonly value?: unknown }).value;
  };
  return {
    evaluate,
    until: (expression) =>
      evaluate(`new Promise((resolve) => {
      const look = () => {
        const value = ${expression};
        if (value) resolve(value);
        else setTimeout(look, 100);
      };
      look();
    })`),
    async close() {
      bidi.close();
      await Promise.all([browser, pulse].map(stop));
    },
  };
}

/** A sound server of its own, whose only output is a null sink. */
async function startPulse(home: string, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const socket = `module-native-protocol-unix auth-anonymous=1 socket=${home}/sound`;
  const options = ['-n', '--daemonize=no', '--use-pid-file=no', '--exit-idle-time=-1', '--load=module-null-sink'];
  const pulse = spawn('pulseaudio', [...options, `--load=${socket}`], { env, stdio: 'ignore' });
  await until(() => existsSync(join(home, 'sound')));
  return pulse;
}

/** The address that Firefox prints when it can be driven. */
async function addressOf({ stderr }: ChildProcess): Promise<string> {
  let said = '';
  stderr?.on('data', (piece) => {
    said += piece;
  });
  return until(() => /WebDriver BiDi listening on (ws:\S+)/.exec(said)?.[1]);
}

type Answer = { readonly [field: string]: unknown };

async function connect(address: string) {
  const socket = new WebSocket(`${address}/session`);
  await once(socket, 'open');
  const waiting = new Map<number, PromiseWithResolvers<Answer>>();
  let asked = 0;
  socket.on('message', (data) => {
    const { id, type, result, message } = JSON.parse(String(data));
    if (type === 'success') waiting.get(id)?.resolve(result);
    if (type === 'error') waiting.get(id)?.reject(new Error(message));
  });
  return {
    call(method: string, params: object): Promise<Answer> {
      const id = ++asked;
      const answer = Promise.withResolvers<Answer>();
      waiting.set(id, answer);
      socket.send(JSON.stringify({ id, method, params }));
      return answer.promise;
    },
    close: () => socket.terminate(),
  };
}

async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
