// Programs that hold a session of Gemini Live: those of docs/quickstart-voice.md.

import { type ClientApp, inNode, inPython, js, python } from './app.ts';

const node: ClientApp = {
  ...inNode,
  id: 'google-genai-node',
  label: '@google/genai, Node',
  install: 'npm install @google/genai',
  program: ({ gateway, model, key }) => `import { GoogleGenAI } from '@google/genai';

const ai = new GoogleGenAI({ apiKey: ${js(key)}, httpOptions: { baseUrl: ${js(gateway)} } });
const session = await ai.live.connect({
  model: ${js(model)},
  config: { responseModalities: ['AUDIO'], outputAudioTranscription: {} },
  callbacks: {
    onmessage({ serverContent }) {
      process.stdout.write(serverContent?.outputTranscription?.text ?? '');
      if (serverContent?.turnComplete) session.close();
    },
  },
});
session.sendRealtimeInput({ text: 'Hello' });
`,
};

const ofPython: ClientApp = {
  ...inPython,
  id: 'google-genai-python',
  label: 'google-genai, Python',
  install: 'pip install google-genai',
  isTlsOnly: true,
  program: ({ gateway, model, key }) => `import asyncio
from google import genai

async def main():
    client = genai.Client(api_key=${python(key)}, http_options={"base_url": ${python(gateway)}})
    config = {"response_modalities": ["AUDIO"], "output_audio_transcription": {}}
    async with client.aio.live.connect(model=${python(model)}, config=config) as session:
        await session.send_realtime_input(text="Hello")
        async for message in session.receive():
            if message.server_content and message.server_content.output_transcription:
                print(message.server_content.output_transcription.text, end="", flush=True)

asyncio.run(main())
`,
};

export const liveApps: readonly ClientApp[] = [node, ofPython];
