// The shape of a command about the side path, and what it is run with.

import type { Config } from '../config/config.ts';
import type { AdminApi } from './admin-api.ts';

export type CommandOption = 'by' | 'since' | 'until' | 'format' | 'state' | 'key' | 'limit' | 'table';

export interface CommandContext {
  readonly config: Config;
  /** The id that the command names; '' for commands without one. */
  readonly id: string;
  readonly options: Readonly<Partial<Record<CommandOption, string>>>;
  /** Opened by the first call, closed when the command is done. */
  api(): Promise<AdminApi>;
}

/** Returns the text to print, whole or in pieces. */
export type Command = (context: CommandContext) => Promise<string> | AsyncIterable<string>;
