// POST /v1/messages: a call in Anthropic's form, under the same policy, rates, budget and ledger as chat completions.

import { isProblem } from '../../../../http/problem.ts';
import { BETA_HEADER } from '../../../../ipc/side-request.ts';
import { clientCall } from '../../../runs/call/client-call.ts';
import type { RouteHandler } from '../../handler.ts';
import { parseBody } from '../../request/json-body.ts';
import { answerClient } from '../answer-call.ts';
import { readMessagesBody } from './body.ts';

export const postMessage: RouteHandler = async (request, options) => {
  const asked = await clientCall(
    {
      ...request,
      parse: () => parseBody(request.body),
      read: (body, defaults) => readMessagesBody(body, defaults, request.headers[BETA_HEADER]),
      asked: request.asked,
    },
    options,
  );
  return isProblem(asked) ? asked : answerClient(request, asked, options.config.side);
};
