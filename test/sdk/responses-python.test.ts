// Runs LiteLLM's `responses()` over the whole gateway, whole and streamed, where a Python with LiteLLM is installed; TRUNKLINE_LITELLM_PYTHON
// names it, else it is `python3`.

import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { APPS_START_MS, appsGateway, MODELS } from '../support/apps-gateway.ts';

const python = process.env.TRUNKLINE_LITELLM_PYTHON ?? 'python3';
const isInstalled = spawnSync(python, ['-c', 'import importlib.metadata as m; m.version("litellm")']).status === 0;
const skipped = isInstalled ? '' : ` (not run: ${python} has no litellm)`;

const PROGRAM = `
import json, sys
import litellm

base, models = sys.argv[1], sys.argv[2].split(",")
said = {}
for model in models:
    to = dict(model="openai/" + model, api_base=base, api_key="any")
    whole = litellm.responses(input="Hello", **to)
    events = [event for event in litellm.responses(input="Hello", stream=True, **to)]
    streamed = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    next = litellm.responses(input="More", previous_response_id=whole.id, **to)
    said[model] = [whole.output[-1].content[0].text, streamed, next.output[-1].content[0].text]
print(json.dumps(said))
`;

let apps: Awaited<ReturnType<typeof appsGateway>> | undefined;

beforeAll(async () => {
  if (isInstalled) apps = await appsGateway();
}, APPS_START_MS);
afterAll(() => apps?.close());

test.skipIf(!isInstalled)(
  `LiteLLM asks for responses, whole, streamed and continued${skipped}`,
  { timeout: 180_000 },
  async () => {
    const args = ['-c', PROGRAM, apps?.baseURL ?? '', MODELS.join(',')];
    const env = { PATH: process.env.PATH, LITELLM_LOCAL_MODEL_COST_MAP: 'True' };
    const { stdout } = await promisify(execFile)(python, args, { env, timeout: 170_000 });
    const said = ['You wrote: Hello', 'You wrote: Hello', 'You wrote: More'];
    expect(JSON.parse(stdout)).toEqual(Object.fromEntries(MODELS.map((model) => [model, said])));
  },
);
