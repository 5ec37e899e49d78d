"""Speaks recordings to a model, each but the first into the answer to the one before, and writes what a caller would have heard.
`pip install 'openai[realtime]'`; run: python3 voice.py [first.wav second.wav ...]; the answers go to answer.wav."""

import array
import asyncio
import base64
import json
import os
import pathlib
import sys
import time
import wave

import openai

GATEWAY = os.environ.get("TRUNKLINE_URL", "http://127.0.0.1:8080")
MODEL = os.environ.get("TRUNKLINE_MODEL", "gpt-realtime-2.1")
SAMPLES = pathlib.Path(__file__).parent / "../../server/console/public/samples"
RATE_HZ = 24_000
CHUNK_MS = 20
CHUNK_BYTES = RATE_HZ * CHUNK_MS // 1000 * 2
PATIENCE_MS = 1000  # As much of an answer is heard before it is interrupted.
TARGET = "answer.wav"

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
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(samples)
    print(f"{path}: {ms_of(len(samples)) / 1000:.1f} s")


def ms_of(size):
    return size * 1000 // 2 // RATE_HZ


class Answer:
    """The sound of one item: what came of it, and how many bytes of that were played."""

    def __init__(self, content_index):
        self.content_index = content_index
        self.samples = bytearray()
        self.played = 0
        self.is_whole = False

    def is_heard(self):
        return self.is_whole and self.played == len(self.samples)


class Loudspeaker:
    """Plays answers one after the other. A loudspeaker would stand where this collects."""

    def __init__(self):
        self.heard = bytearray()
        self.answers = {}  # Those that are not heard to their end, by the id of their item.
        self.refused = set()  # Those that were interrupted: what still comes of them is not played.

    def receive(self, event):
        if event.item_id not in self.refused:
            answer = self.answers.setdefault(event.item_id, Answer(event.content_index))
            answer.samples += base64.b64decode(event.delta)

    def end(self, item_id):
        if item_id in self.answers:
            self.answers[item_id].is_whole = True

    def play(self, size):
        for item_id, answer in list(self.answers.items()):
            piece = answer.samples[answer.played : answer.played + size]
            self.heard += piece
            answer.played += len(piece)
            size -= len(piece)
            if answer.is_heard():
                del self.answers[item_id]

    def stop(self):
        """What was not heard to its end."""
        stopped, self.answers = self.answers, {}
        self.refused.update(stopped)
        return stopped.items()


class Call:
    def __init__(self, realtime, recordings):
        self.realtime = realtime
        self.recordings = recordings
        self.speech = self.recordings.pop(0)
        self.loudspeaker = Loudspeaker()
        self.heard_before = 0  # Bytes that were heard when the recording began.
        self.is_answered = False

    async def speak(self):
        """Sends and plays what is due, until the last recording is answered and the answer is heard."""
        started, ticks = time.monotonic(), 0
        while not self.is_answered or self.loudspeaker.answers:
            if self.recordings and ms_of(len(self.loudspeaker.heard) - self.heard_before) >= PATIENCE_MS:
                self.speech = self.recordings.pop(0)
                self.heard_before = len(self.loudspeaker.heard)
            # Behind the speech comes silence, in which the model hears that it is its turn.
            chunk, self.speech = self.speech[:CHUNK_BYTES].ljust(CHUNK_BYTES, b"\0"), self.speech[CHUNK_BYTES:]
            await self.realtime.input_audio_buffer.append(audio=base64.b64encode(chunk).decode())
            self.loudspeaker.play(CHUNK_BYTES)
            ticks += 1
            await asyncio.sleep(started + ticks * CHUNK_MS / 1000 - time.monotonic())

    async def listen(self):
        """Takes what is said, and prints the words of both sides."""
        async for event in self.realtime:
            if event.type == "response.output_audio.delta":
                self.loudspeaker.receive(event)
            elif event.type == "response.output_audio.done":
                self.loudspeaker.end(event.item_id)
            elif event.type == "response.output_audio_transcript.done":
                print(f"model: {event.transcript}")
            elif event.type == "conversation.item.input_audio_transcription.completed":
                print(f"you: {event.transcript}")
            elif event.type == "input_audio_buffer.speech_started":
                await self.interrupt()
            elif event.type == "response.done":
                if event.response.status == "failed":
                    raise RuntimeError(event.response.status_details.error)
                is_last = not self.recordings and not self.speech
                self.is_answered = event.response.status == "completed" and is_last
            elif event.type == "error":
                raise RuntimeError(event.error.message)
        raise RuntimeError("the session ended before the answer did")

    async def interrupt(self):
        """Stops playing, and tells the model how much of its words were heard."""
        self.is_answered = False
        for item_id, answer in self.loudspeaker.stop():
            heard_ms, came_ms = ms_of(answer.played), ms_of(len(answer.samples))
            await self.realtime.conversation.item.truncate(
                item_id=item_id, content_index=answer.content_index, audio_end_ms=heard_ms
            )
            print(f"interrupted: {heard_ms} ms were heard of {came_ms} ms that had come")


async def main(*files):
    recordings = [read_speech(file) for file in files or (SAMPLES / "librivox-0880.wav", SAMPLES / "librivox-0930.wav")]
    async with client.realtime.connect(model=MODEL) as realtime:
        heard = {"transcription": {"model": "gpt-realtime-whisper"}}
        await realtime.session.update(session={"type": "realtime", "audio": {"input": heard}})
        call = Call(realtime, recordings)
        tasks = [asyncio.create_task(call.speak()), asyncio.create_task(call.listen())]
        done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        for task in done:
            task.result()
    write_speech(TARGET, call.loudspeaker.heard)


def reason(problem):
    """The gateway says in the body of a refusal why; a file and the network have words of their own."""
    body = getattr(getattr(problem, "response", None), "body", None)
    return json.loads(body)["error"]["message"] if body else problem


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        pass
    except Exception as problem:  # A socket has many ways to be refused or lost.
        sys.exit(f"voice.py: {reason(problem)}")
