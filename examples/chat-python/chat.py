"""A chat in the terminal. An answer whose connection is lost goes on where it was. `pip install openai`; run: python3 chat.py [question]"""

import os
import sys
import time

import openai

GATEWAY = os.environ.get("TRUNKLINE_URL", "http://127.0.0.1:8080")
MODEL = os.environ.get("TRUNKLINE_MODEL", "*")  # Any model that the key may use.
ATTEMPTS = 6

client = openai.OpenAI(base_url=f"{GATEWAY}/v1", api_key=os.environ.get("TRUNKLINE_KEY", "my-gateway-key"))


class Answer:
    """Prints the text of one response as it comes, and knows how far it came."""

    def __init__(self):
        self.id = None
        self.sequence = -1
        self.is_over = False

    def read(self, events):
        for event in events:
            self.sequence = event.sequence_number
            if event.type == "response.created":
                self.id = event.response.id
            elif event.type in ("response.output_text.delta", "response.refusal.delta"):
                print(event.delta, end="", flush=True)
            elif event.type in ("response.completed", "response.incomplete"):
                self.is_over = True
            elif event.type == "response.failed":
                self.is_over = True
                raise RuntimeError(event.response.error.message)
            elif event.type == "error":
                raise RuntimeError(event.message)


def ask(question, previous):
    """Prints the answer and returns its id, by which the next question goes on."""
    answer = Answer()
    for attempt in range(ATTEMPTS):
        try:
            if answer.id is None:
                request = {"model": MODEL, "input": question, "stream": True}
                answer.read(client.responses.create(**request, previous_response_id=previous or openai.omit))
            else:
                answer.read(client.responses.retrieve(answer.id, stream=True, starting_after=answer.sequence))
        except openai.APIStatusError:
            raise  # The gateway refused it, and says why.
        except openai.APIError as lost:
            # The answer itself goes on: what is missing is read when the gateway can be reached again.
            if answer.id is None or attempt == ATTEMPTS - 1:
                raise
            print(f"[{lost}; going on]", file=sys.stderr)
            time.sleep(0.25 * 2**attempt)
        if answer.is_over:
            break
    print()
    return answer.id


def main():
    if len(sys.argv) > 1:
        ask(" ".join(sys.argv[1:]), None)
        return
    previous = None
    print("Ask something; an empty line ends the chat.")
    for line in iter(lambda: input("> "), ""):
        previous = ask(line, previous)


if __name__ == "__main__":
    try:
        main()
    except (EOFError, KeyboardInterrupt):
        print()
    except openai.APIConnectionError as problem:
        sys.exit(f"chat.py: {GATEWAY} cannot be reached: {problem.__cause__ or problem}")
    except (openai.APIError, RuntimeError) as problem:
        sys.exit(f"chat.py: {problem}")
