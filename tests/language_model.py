"""A language model that is none: a server of a few lines that speaks OpenAI's chat completions."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Sent = dict[str, Any]
SUGGESTION: Sent = {
    "verdict": "mismatch",
    "reason": "wrong_product",
    "sentence": "The title sells a mug, the photo shows a guitar.",
    "quotes": ["mug"],
    "instructions": False,
}
USAGE = {"prompt_tokens": 1_200, "completion_tokens": 80, "total_tokens": 1_280}


@dataclass
class Model:
    """What it answers, and what it was sent; `says` is looked at anew for every request."""

    url: str
    says: Callable[[Sent], object] = lambda sent: SUGGESTION
    status: int = 200
    words: str = ""  # of an error
    usage: Sent | None = field(default_factory=lambda: dict(USAGE))
    seconds: float = 0.0  # before it answers
    hangs_up: int = 0  # this many times, then it answers
    refuses: tuple[str, ...] = ()  # response formats
    body: bytes | None = None  # instead of an answer
    sent: list[Sent] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def data(self) -> Sent:
        """The listing of the last request."""
        content = self.sent[-1]["messages"][1]["content"]
        text = content if isinstance(content, str) else content[0]["text"]
        found: Sent = json.loads(text.removeprefix("<listing>\n").removesuffix("\n</listing>"))
        return found

    def answer(self, sent: Sent) -> tuple[int, bytes]:
        """Status and body."""
        form = sent.get("response_format", {}).get("type", "text")
        if self.status != 200 or form in self.refuses:
            status = self.status if self.status != 200 else 400
            words = self.words or f"{form} is not supported"
            return status, json.dumps({"error": {"message": words, "type": "error"}}).encode()
        if self.body is not None:
            return 200, self.body
        said = self.says(sent)
        text = said if isinstance(said, str) else json.dumps(said)
        message = {"role": "assistant", "content": text}
        made = {
            "id": "c1", "object": "chat.completion", "created": 1, "model": f"{sent['model']}-2026-11",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        }  # fmt: skip
        return 200, json.dumps(made | ({"usage": self.usage} if self.usage else {})).encode()


@contextmanager
def language_model() -> Iterator[Model]:
    """A model that answers as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model.sent.append(sent | {"path": self.path})
            model.headers.append({name.lower(): value for name, value in self.headers.items()})
            time.sleep(model.seconds)
            if model.hangs_up:
                model.hangs_up -= 1
                self.close_connection = True
                return
            status, body = model.answer(sent)
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Location", "http://127.0.0.1:9/v1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except BrokenPipeError:  # who asked has given up
                return

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    model = Model(f"http://127.0.0.1:{server.server_address[1]}/v1")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
