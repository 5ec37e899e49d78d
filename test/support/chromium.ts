// Finds a Chromium for the browser tests, or installs one. Call it only where the browser is about to be used.

import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

const run = promisify(execFile);
const installMs = 10 * 60_000;

const commands = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const usualPlaces = [
  '/usr/lib/chromium/chromium',
  '/usr/lib/chromium-browser/chromium-browser',
  '/opt/google/chrome/chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

let found: Promise<string> | undefined;

/**
 * Path of a Chromium or Chrome that starts: CHROME_PATH, one on PATH or in the usual places, or one that playwright
 * has; else Debian's package is installed (as root), else playwright downloads one. Rejects with one line.
 */
export function findChromium(): Promise<string> {
  found ??= firstWorking(candidates()).then((path) => path ?? install());
  return found;
}

function candidates(): string[] {
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((dir) => commands.map((name) => join(dir, name)));
  return [process.env.CHROME_PATH, ...onPath, ...usualPlaces, chromium.executablePath()].filter(
    (path) => !!path,
  ) as string[];
}

/** Returns the first that works. A file of that name is not enough: some distributions put a stub there. */
async function firstWorking(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    if (!isExecutable(path)) continue;
    const works = await run(path, ['--version'], { timeout: 30_000 }).then(
      ({ stdout }) => /chrom/i.test(stdout),
      () => false,
    );
    if (works) return path;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function install(): Promise<string> {
  const isDebianRoot = process.getuid?.() === 0 && isExecutable('/usr/bin/apt-get');
  const failures: string[] = [];
  for (const installer of isDebianRoot ? [installDebianPackage, installFromPlaywright] : [installFromPlaywright]) {
    await installer().catch((error: Error) => failures.push(lastLine(error)));
    const path = await firstWorking(candidates());
    if (path) return path;
  }
  throw new Error(
    `the browser test needs Chromium: install the package "chromium" or set CHROME_PATH (tried: ${failures.join('; ')})`,
  );
}

async function installDebianPackage(): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: string[]) => run('apt-get', args, { env, timeout: installMs, maxBuffer: 64 * 1024 * 1024 });
  await apt('update', '-qq');
  await apt('install', '-y', '-qq', '--no-install-recommends', 'chromium');
}

async function installFromPlaywright(): Promise<void> {
  const cli = join(dirname(createRequire(import.meta.url).resolve('playwright-core/package.json')), 'cli.js');
  await run(process.execPath, [cli, 'install', 'chromium'], { timeout: installMs, maxBuffer: 64 * 1024 * 1024 });
}

function lastLine(error: Error & { stderr?: string; cmd?: string }): string {
  const lines = (error.stderr || error.message).trim().split('\n');
  return `${error.cmd?.split(' ').slice(0, 2).join(' ') ?? 'installer'}: ${lines.at(-1)}`;
}
