// Reads requests of chat UIs, and says what is wrong with them.

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
