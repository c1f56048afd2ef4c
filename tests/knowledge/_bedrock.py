"""Amazon Bedrock's `InvokeModel` on loopback: it answers a request only if botocore's model of the service has it so.

Its vectors are of words: texts that share words are alike, and `meaning` says which words mean the same.
"""

import json
import math
import re
import sys
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import botocore.session

DIMENSIONS = 256
OPERATION = botocore.session.Session().get_service_model("bedrock-runtime").operation_model("InvokeModel")


@dataclass
class Bedrock:
    """The service: what it was asked, and what it is to do.

    Attributes:
        meaning: Words that it takes for others.
        status: What it answers with, if not 200.
        answer: What it answers with, in place of vectors.
        waits: Set when answers may go out.
    """

    url: str = ""
    meaning: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    answer: bytes | None = None
    waits: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def vector(self, text: str) -> list[float]:
        """A text's words, each at its own place."""
        values = [0.0] * DIMENSIONS
        for word in re.findall(r"\w+", text.lower()):
            values[zlib.crc32(self.meaning.get(word, word).encode()) % DIMENSIONS] += 1.0
        length = math.sqrt(sum(value * value for value in values)) or 1.0
        return [value / length for value in values]

    def respond(self, model: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """As the model's reference has it."""
        if "titan" in model:
            assert set(body) == {"inputText", "dimensions", "normalize"}, body
            assert body["dimensions"] in {256, 512, 1024}
            return {"embedding": self.vector(body["inputText"]), "inputTextTokenCount": len(body["inputText"]) // 4}
        more = {"output_dimension", "embedding_types"} if "v4" in model else set[str]()
        assert set(body) == {"texts", "input_type", "truncate"} | more, body
        assert body["input_type"] in {"search_document", "search_query"}
        assert 1 <= len(body["texts"]) <= 96
        vectors: Any = [self.vector(text) for text in body["texts"]]
        return {"id": "1", "texts": body["texts"], "embeddings": {"float": vectors} if more else vectors}


def _problems(handler: BaseHTTPRequestHandler) -> Iterator[str]:
    """What botocore's model of the service says otherwise."""
    pattern = re.escape(OPERATION.http["requestUri"]).replace(re.escape("{modelId}"), "[^/]+")
    if handler.command != OPERATION.http["method"] or not re.fullmatch(pattern, handler.path):
        yield f"{handler.command} {handler.path}"
    for name in ("contentType", "accept"):
        header = OPERATION.input_shape.members[name].serialization["name"]
        if handler.headers.get(header) != "application/json":
            yield f"{header}: {handler.headers.get(header)}"
    if not re.match(
        r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/[a-z0-9-]+/bedrock/", handler.headers.get("Authorization", "")
    ):
        yield "it is not signed"


@contextmanager
def serve() -> Iterator[Bedrock]:
    """Serves it until the block ends."""
    bedrock = Bedrock()
    bedrock.waits.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bedrock.waits.wait(5)
            model = unquote(self.path.split("/")[2])
            bedrock.problems.extend(_problems(self))
            bedrock.requests.append((model, json.loads(body)))
            answer = bedrock.answer if bedrock.answer is not None else b"{}"
            if bedrock.status == 200 and bedrock.answer is None:
                answer = json.dumps(bedrock.respond(model, json.loads(body))).encode()
            self.send_response(bedrock.status)
            self.send_header("Content-Type", "application/json")
            if bedrock.status != 200:
                self.send_header(
                    "x-amzn-ErrorType", "ThrottlingException" if bedrock.status == 429 else "AccessDeniedException"
                )
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """That a client did not wait is none; that it asked for something else is."""
            if not isinstance(error := sys.exception(), ConnectionError):
                bedrock.problems.append(repr(error))

    with Server(("127.0.0.1", 0), Handler) as server:
        bedrock.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield bedrock
        finally:
            server.shutdown()
            thread.join()
