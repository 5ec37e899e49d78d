// Starts a real gateway with its rehearsal provider, and the console in a real Chromium in front of it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { findChromium } from './chromium.ts';
import { configFile, neverOverloaded } from './config-file.ts';
import { until } from './until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Folder of screenshots and recordings of a run; not in the repository. */
export const outputFolder = join(root, 'test/output');

export interface RunningGateway {
  /** http://127.0.0.1:port */
  readonly origin: string;
  /** The same of the admin listener. */
  readonly admin: string;
  close(): Promise<void>;
}

/** Starts the command on ports of its own. `config` is the YAML file as data. */
export async function startCommand(config: object = {}): Promise<RunningGateway> {
  const data = mkdtempSync(join(tmpdir(), 'trunkline-console-'));
  const file = configFile(neverOverloaded({ listen: { port: 0, tlsPort: false }, admin: { port: 0 }, ...config }));
  const command = [join(root, 'server/cli/bin.js'), 'serve', '--config', file, '--data', data];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => said.push(String(piece)));
  const run = join(data, 'run.json');
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the gateway did not start: ${said.join('')}`);
    return existsSync(run);
  });
  const { listen, admin } = JSON.parse(readFileSync(run, 'utf8')) as Record<'listen' | 'admin', { port: number }>;
  const at = ({ port }: { port: number }) => `http://127.0.0.1:${port}`;
  return { origin: at(listen), admin: at(admin), close: () => stop(child, said) };
}

/** Stops the command. The second signal ends sessions that are still open. */
async function stop(child: ChildProcess, said: readonly string[]): Promise<void> {
  const exited = child.exitCode === null ? once(child, 'exit') : undefined;
  child.kill('SIGTERM');
  // Two signals at once may arrive as one.
  await until(() => said.some((piece) => piece.includes('draining')) || child.exitCode !== null);
  child.kill('SIGTERM');
  await exited;
}

/** Peer connections of a page find each other by their addresses, and not by names that have to be asked for. */
const BY_ADDRESS = '--disable-features=WebRtcHideLocalIpsWithMdns';

/** Launches a Chromium whose microphone records the recording once, then silence; without one it has no microphone. */
export async function launchChromium(recording?: string): Promise<Browser> {
  const microphone =
    recording === undefined
      ? []
      : [
          '--use-fake-device-for-media-stream',
          '--use-fake-ui-for-media-stream',
          `--use-file-for-fake-audio-capture=${recording}%noloop`,
        ];
  return chromium.launch({ executablePath: await findChromium(), args: [BY_ADDRESS, ...microphone] });
}

export interface ConsolePage {
  readonly page: Page;
  /** Faults of the page: errors, messages of the console, violations of its policy. */
  readonly faults: string[];
  /** Reads a number that the page counts, by its name: `played-samples`. */
  count(name: string): Promise<number>;
  phase(name: string): Promise<void>;
  screenshot(name: string): Promise<void>;
  close(): Promise<void>;
}

export async function openConsole(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<ConsolePage> {
  const opened = await openPage(browser, origin, options);
  const { page } = opened;
  await page.getByText('open mode').or(page.getByText('keys required')).waitFor();
  return opened;
}

/** Opens the operator's page; `address`: of the admin listener, and the view. */
export async function openOperator(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<ConsolePage> {
  const opened = await openPage(browser, address, options);
  await opened.page.getByText('operator', { exact: true }).waitFor();
  return opened;
}

async function openPage(browser: Browser, address: string, options: BrowserContextOptions): Promise<ConsolePage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective}`));
  });
  await page.goto(address);
  const main = page.locator('main');
  return {
    page,
    faults,
    count: async (name) => Number(await main.getAttribute(`data-${name}`)),
    phase: (name) => page.locator(`main[data-phase="${name}"]`).waitFor(),
    async screenshot(name) {
      mkdirSync(outputFolder, { recursive: true });
      await page.screenshot({ path: join(outputFolder, `${name}.png`) });
    },
    close: () => context.close(),
  };
}

/** Reads the frames of one type from the event log, parsed, oldest first. */
export async function loggedFrames(page: Page, type: string): Promise<Record<string, unknown>[]> {
  await page.getByLabel('Filter events by text').fill(`"${type}"`);
  // Runs first: their events are in the page once they are open.
  for (const rows of [`.event-run[data-type="${type}"] > .event-head`, `.event[data-type="${type}"] .event-head`]) {
    const closed = await page.locator(`${rows}[aria-expanded="false"]`).all();
    for (const row of closed.toReversed()) await row.click();
  }
  const bodies = await page.locator(`.event[data-type="${type}"] .event-body`).allTextContents();
  return bodies.toReversed().map((body) => JSON.parse(body) as Record<string, unknown>);
}

/** Waits for a condition; how long it takes is not judged. */
export const eventually = <T>(ask: () => T) => expect.poll(ask, { timeout: 30_000 });

/** Collects every text that the element shows while the captions change. */
export async function watchTexts(page: Page, selector: string): Promise<() => Promise<string[]>> {
  const seen = await page.evaluateHandle((selector) => {
    const texts = new Set<string>();
    const look = () => texts.add(document.querySelector(selector)?.textContent ?? '');
    const captions = document.querySelector('.captions');
    const changes = { subtree: true, childList: true, characterData: true };
    if (captions !== null) new MutationObserver(look).observe(captions, changes);
    return texts;
  }, selector);
  return () => seen.evaluate((texts) => [...texts]);
}

const rateHz = 16_000;

/** Writes a recording of 16 kHz from pieces in order: numbers are milliseconds of silence, names are fixtures. */
export function composeRecording(name: string, pieces: readonly (number | string)[]): string {
  const samples = pieces.map((piece) =>
    typeof piece === 'number'
      ? Buffer.alloc((rateHz / 1000) * piece * 2)
      : readFileSync(join(root, 'test/fixtures/speech', piece)).subarray(44),
  );
  const data = Buffer.concat(samples);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rateHz, 24);
  head.writeUInt32LE(rateHz * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  mkdirSync(outputFolder, { recursive: true });
  const path = join(outputFolder, `${name}.wav`);
  writeFileSync(path, Buffer.concat([head, data]));
  return path;
}
