"""Speaks a recording to a model and writes its spoken answer. `pip install 'openai[realtime]'`; run: python3 voice.py [speech.wav [answer.wav]]"""

import array
import asyncio
import base64
import os
import pathlib
import sys
import time
import wave

import openai

GATEWAY = os.environ.get("TRUNKLINE_URL", "http://127.0.0.1:8080")
MODEL = os.environ.get("TRUNKLINE_MODEL", "gpt-realtime-2.1")
SPEECH = pathlib.Path(__file__).parent / "../../server/console/public/samples/librivox-0880.wav"
RATE_HZ = 24_000
CHUNK_MS = 40

client = openai.AsyncOpenAI(base_url=f"{GATEWAY}/v1", api_key=os.environ.get("TRUNKLINE_KEY", "my-gateway-key"))


def read_speech(path):
    """Samples of a WAV file of 16 bits and one channel, at the rate of the model."""
    with wave.open(str(path)) as file:
        if (file.getnchannels(), file.getsampwidth()) != (1, 2):
            raise ValueError(f"expected 16-bit WAV of one channel, got {path}")
        samples = array.array("h", file.readframes(file.getnframes()))
        step = file.getframerate() / RATE_HZ
    at = (index * step for index in range(int((len(samples) - 1) / step)))
    between = (samples[int(x)] + (samples[int(x) + 1] - samples[int(x)]) * (x % 1) for x in at)
    return array.array("h", map(round, between)).tobytes()


def write_speech(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(samples)


async def speak(realtime, samples):
    """Sends the samples as a microphone would, then silence, in which the model hears that it is its turn."""
    size = RATE_HZ * CHUNK_MS // 1000 * 2
    started, sent = time.monotonic(), 0
    while True:
        chunk = samples[sent : sent + size].ljust(size, b"\0")
        await realtime.input_audio_buffer.append(audio=base64.b64encode(chunk).decode())
        sent += size
        await asyncio.sleep(started + sent / 2 / RATE_HZ - time.monotonic())


async def listen(realtime, answer):
    """Collects one spoken answer, and prints what was heard and what is said."""
    async for event in realtime:
        if event.type == "response.output_audio.delta":
            answer += base64.b64decode(event.delta)
        elif event.type == "response.output_audio_transcript.done":
            print(f"model: {event.transcript}")
        elif event.type == "conversation.item.input_audio_transcription.completed":
            print(f"you: {event.transcript}")
        elif event.type == "response.done":
            if event.response.status == "failed":
                raise RuntimeError(event.response.status_details.error)
            return
        elif event.type == "error":
            raise RuntimeError(event.error.message)
    raise RuntimeError("the session ended before the answer did")


async def main(speech=SPEECH, target="answer.wav"):
    samples, answer = read_speech(speech), bytearray()
    async with client.realtime.connect(model=MODEL) as realtime:
        heard = {"transcription": {"model": "gpt-realtime-whisper"}}
        await realtime.session.update(session={"type": "realtime", "audio": {"input": heard}})
        speaking = asyncio.create_task(speak(realtime, samples))
        await listen(realtime, answer)
        speaking.cancel()
    write_speech(target, answer)
    print(f"{target}: {len(answer) / 2 / RATE_HZ:.1f} s")


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:3]))
    except KeyboardInterrupt:
        pass
    except Exception as problem:  # A socket has many ways to be refused or lost.
        sys.exit(f"voice.py: {problem}")
