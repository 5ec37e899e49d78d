// Programs of apps that chat: those of docs/quickstart-chat.md and docs/chat-uis.md.

import { type ClientApp, inNode, inPython, js, python, shell } from './app.ts';

const CLASS = 'x-trunkline-class';

const openaiNode: ClientApp = {
  ...inNode,
  id: 'openai-responses-node',
  label: 'openai, Node',
  install: 'npm install openai',
  program: ({ gateway, model, key, callClass }) => `import OpenAI from 'openai';

const openai = new OpenAI({ baseURL: ${js(`${gateway}/v1`)}, apiKey: ${js(key)}${headersOf('defaultHeaders', callClass)} });
const response = await openai.responses.create({ model: ${js(model)}, input: 'Hello' });
console.log(response.output_text);
`,
};

const openaiPython: ClientApp = {
  ...inPython,
  id: 'openai-responses-python',
  label: 'openai, Python',
  install: 'pip install openai',
  program({ gateway, model, key, callClass }) {
    const headers = callClass === '' ? '' : `, default_headers={"${CLASS}": ${python(callClass)}}`;
    return `from openai import OpenAI

openai = OpenAI(base_url=${python(`${gateway}/v1`)}, api_key=${python(key)}${headers})
response = openai.responses.create(model=${python(model)}, input="Hello")
print(response.output_text)
`;
  },
};

const aiSdk: ClientApp = {
  ...inNode,
  id: 'ai-sdk',
  label: 'AI SDK, Node',
  install: 'npm install ai @ai-sdk/openai',
  program: ({ gateway, model, key, callClass }) => `import { createOpenAI } from '@ai-sdk/openai';
import { streamText } from 'ai';

const openai = createOpenAI({ baseURL: ${js(`${gateway}/v1`)}, apiKey: ${js(key)}${headersOf('headers', callClass)} });
const { textStream } = streamText({ model: openai(${js(model)}), prompt: 'Hello' });
for await (const text of textStream) process.stdout.write(text);
`,
};

const useChat: ClientApp = {
  id: 'use-chat',
  label: 'AI SDK, useChat in a page',
  language: 'jsx',
  install: 'npm install ai @ai-sdk/react',
  hint: 'In a component. The origin of the page has to be in listen.origins, and the page gets a client secret: everyone who opens it could read a key.',
  program: ({ gateway, model, key, callClass }) => `import { useChat } from '@ai-sdk/react';
import { WebSocketChatTransport } from 'ai';

const secret = ${js(key)};
const { messages, sendMessage, stop } = useChat({
  id: 'chat-1',
  resume: true,
  transport: new WebSocketChatTransport({
    url: ${js(`${gateway}/v1/ui/chat`)},
    protocols: ['trunkline', \`openai-insecure-api-key.\${secret}\`],
    body: { model: ${js(model)}, instructions: 'Be brief.' },
${callClass === '' ? '' : `    headers: { '${CLASS}': ${js(callClass)} },\n`}  }),
});
`,
};

const curl: ClientApp = {
  id: 'curl',
  label: 'curl',
  language: 'sh',
  trust: 'SSL_CERT_FILE',
  program({ gateway, model, key, callClass }) {
    const headers = [`Authorization: Bearer ${key}`, 'Content-Type: application/json'];
    if (callClass !== '') headers.push(`${CLASS}: ${callClass}`);
    const body = JSON.stringify({ model, input: 'Hello' });
    return `curl ${gateway}/v1/responses \\
${headers.map((header) => `  -H ${shell(header)} \\\n`).join('')}  -d ${shell(body)}
`;
  },
};

/** The header of a class as the next field of a call's options. */
function headersOf(field: string, callClass: string): string {
  return callClass === '' ? '' : `, ${field}: { '${CLASS}': ${js(callClass)} }`;
}

export const responsesApps: readonly ClientApp[] = [openaiNode, openaiPython, aiSdk, useChat, curl];
