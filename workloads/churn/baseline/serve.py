"""Answers predictions over HTTP. The server listens once the model is loaded: until then it is not healthy."""

import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from baseline import job, storage
from baseline.model import FILE, Model
from baseline.request import RequestError, read_instances

HEALTH = os.environ.get("AIP_HEALTH_ROUTE", "/health")
PREDICT = os.environ.get("AIP_PREDICT_ROUTE", "/predict")
MAX_BODY_BYTES = 10 * 1024 * 1024


class Handler(BaseHTTPRequestHandler):
    """One request. A connection ends with its answer, so that none is open when the server is to end."""

    model: Model
    timeout = 5
    """Seconds that a connection may stay silent; the server's end waits for no longer."""

    def do_GET(self) -> None:
        if self.path == HEALTH:
            self._answer(200, {"status": "ok"})
        else:
            self._answer(405 if self.path == PREDICT else 404, {"error": f"no GET {self.path}"})

    def do_POST(self) -> None:
        if self.path != PREDICT:
            return self._answer(405 if self.path == HEALTH else 404, {"error": f"no POST {self.path}"})
        try:
            instances = read_instances(self._body())
        except RequestError as error:
            return self._answer(error.status, {"error": str(error)})
        self._answer(200, {"predictions": [self.model.predict(instance) for instance in instances]})

    def log_message(self, format: str, *args: Any) -> None:
        """A line per request would say nothing that Vertex AI doesn't log."""

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise RequestError(411, "the request has no Content-Length")
        if int(length) > MAX_BODY_BYTES:
            raise RequestError(413, f"the request body is over {MAX_BODY_BYTES} bytes: send fewer instances at a time")
        return self.rfile.read(int(length))

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Server(ThreadingHTTPServer):
    """Waits, when it is closed, for the requests at hand."""

    daemon_threads = False
    request_queue_size = 128


def main() -> None:
    folder = job.needed("AIP_STORAGE_URI").rstrip("/")
    Handler.model = Model.parse(storage.read(f"{folder}/{FILE}").decode())
    with Server(("0.0.0.0", int(os.environ.get("AIP_HTTP_PORT", "8080"))), Handler) as server:
        # `shutdown` waits for the loop that the signal interrupts, so it needs a thread of its own.
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        job.log("INFO", f"serving the model in {folder}")
        server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    job.run(main)
