// Programs that hold a session of OpenAI Realtime: those of docs/quickstart-voice.md and docs/client.md.

import { type ClientApp, inNode, inPython, js, python, sessionAddressOf } from './app.ts';

const openaiNode: ClientApp = {
  ...inNode,
  id: 'openai-node',
  label: 'openai, Node',
  install: 'npm install openai ws',
  isTlsOnly: true,
  program: ({ gateway, model, key }) => `import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

const openai = new OpenAI({ baseURL: ${js(`${gateway}/v1`)}, apiKey: ${js(key)} });
const realtime = new OpenAIRealtimeWS({ model: ${js(model)} }, openai);
const content = [{ type: 'input_text', text: 'Hello' }];
realtime.socket.on('open', () => {
  realtime.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
  realtime.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
  realtime.send({ type: 'response.create' });
});
realtime.on('response.output_text.delta', ({ delta }) => process.stdout.write(delta));
realtime.on('response.done', () => realtime.close());
`,
};

const openaiPython: ClientApp = {
  ...inPython,
  id: 'openai-python',
  label: 'openai, Python',
  install: "pip install 'openai[realtime]'",
  program: ({ gateway, model, key }) => `import asyncio
from openai import AsyncOpenAI

async def main():
    openai = AsyncOpenAI(base_url=${python(`${gateway}/v1`)}, api_key=${python(key)})
    async with openai.realtime.connect(model=${python(model)}) as realtime:
        await realtime.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        content = [{"type": "input_text", "text": "Hello"}]
        await realtime.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        await realtime.response.create()
        async for event in realtime:
            if event.type == "response.output_text.delta":
                print(event.delta, end="", flush=True)
            if event.type == "response.done":
                break

asyncio.run(main())
`,
};

const agents: ClientApp = {
  ...inNode,
  id: 'agents-realtime',
  label: '@openai/agents-realtime, Node',
  install: 'npm install @openai/agents-realtime',
  program: (settings) => `import { RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';

const agent = new RealtimeAgent({ name: 'Assistant', instructions: 'Be brief.' });
const session = new RealtimeSession(agent, { transport: 'websocket', config: { outputModalities: ['text'] } });
session.on('transport_event', (event) => {
  if (event.type === 'response.output_text.delta') process.stdout.write(event.delta);
});
session.on('agent_end', () => session.close());
const url = ${js(sessionAddressOf(settings))};
await session.connect({ url, apiKey: ${js(settings.key)} });
session.sendMessage('Hello');
`,
};

const client: ClientApp = {
  ...inNode,
  id: 'client-realtime',
  label: 'trunkline/client, Node and browsers',
  install: 'npm install trunkline',
  hint: 'Where npm has no trunkline, npm pack in a clone of the gateway makes it. It opens another session where one is lost. A page of another origin has to be in listen.origins, and gets a client secret instead of a key.',
  program: ({ gateway, model, key }) => `import { connectVoice } from 'trunkline/client';

const content = [{ type: 'input_text', text: 'Hello' }];
const session = connectVoice({
  gateway: ${js(gateway)},
  path: '/v1/realtime',
  query: { model: ${js(model)} },
  credential: ${js(key)},
  onOpen() {
    session.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
    session.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
    session.send({ type: 'response.create' });
  },
  onMessage({ type, text }) {
    if (type === 'response.output_text.done') console.log(text);
    if (type === 'response.done') session.close();
  },
});
`,
};

export const realtimeApps: readonly ClientApp[] = [openaiNode, openaiPython, agents, client];
