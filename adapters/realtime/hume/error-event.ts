// The error event of Hume, which has a code and the same in words.

import { jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { Rejection } from '../contract/dialect.ts';

export const humeError = ({ code, message }: Rejection): OutFrame =>
  jsonFrame({ type: 'error', code, slug: code, message });
