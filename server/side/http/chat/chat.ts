// POST /v1/chat/completions: an app's own calls, under the same policy, budget and ledger as side tasks. Streams pass as they arrive.

import { isProblem } from '../../../http/problem.ts';
import { clientCall } from '../../runs/call/client-call.ts';
import type { RouteHandler } from '../handler.ts';
import { parseBody } from '../request/json-body.ts';
import { answerClient } from './answer-call.ts';
import { readChatBody } from './body.ts';

export const postChatCompletion: RouteHandler = async (request, options) => {
  const asked = await clientCall(
    { ...request, parse: () => parseBody(request.body), read: readChatBody, asked: request.asked },
    options,
  );
  return isProblem(asked) ? asked : answerClient(request, asked, options.config.side);
};
