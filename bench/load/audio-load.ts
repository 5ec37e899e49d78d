// The audio of a usual call, as benches send it that look at something else than the size of frames.

import type { Direction } from '../../codecs/websocket/frame.ts';
import type { Load } from './load.ts';

export const DIRECTIONS: readonly Direction[] = ['upstream', 'downstream'];

export const audioLoad = (direction: Direction, times: Pick<Load, 'warmUpMs' | 'measureMs'>): Load => ({
  frame: direction === 'upstream' ? 'append' : 'delta',
  frameBytes: direction === 'upstream' ? 2600 : 6500,
  frameMs: 40,
  ...times,
});
