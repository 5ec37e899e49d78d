// Reads requests of chat UIs, and says what is wrong with them, and with requests on sockets of the side path.

import { UiFault } from '../../../../adapters/ui/index.ts';
import { type HttpProblem, invalidRequest } from '../../../http/problem.ts';

/** Reads what a page sent; the problem where it is none of its protocol. */
export function readUi<Asked>(read: () => Asked): Asked | HttpProblem {
  try {
    return read();
  } catch (error) {
    if (error instanceof UiFault) return invalidRequest(error.message, error.field);
    throw error;
  }
}

/** Refuses a request on a socket for which the quota has no place. */
export const noRequestPlace: HttpProblem = {
  status: 503,
  code: 'side_unavailable',
  message:
    'as many requests as may wait for the side path, or those of this key, do (side.requests, side.requestBytes)',
};

/** Ends a request on a socket whose handler failed. */
export const internalFault: HttpProblem = { status: 500, code: 'internal', message: 'the side path failed to answer' };
