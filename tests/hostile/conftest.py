"""What hostile documents would like to reach: a listener on this machine, and a file of the server."""

import socketserver
import threading
from typing import NamedTuple

import pytest

CANARY = "canary-51d0a7"


class Bait(NamedTuple):
    """`visits`: the requests that came to `address`, which sends every visitor of /go on to the file."""

    address: str
    file: str
    visits: list[bytes]


@pytest.fixture
def bait(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text(CANARY)
    visits = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            visits.append(self.request.recv(1000))
            away = f"302 Found\r\nLocation: {secret.as_uri()}" if b" /go" in visits[-1] else "200 OK"
            self.request.sendall(f"HTTP/1.0 {away}\r\nContent-Type: image/svg+xml\r\n\r\n{CANARY}".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Bait(f"http://127.0.0.1:{server.server_address[1]}", secret.as_uri(), visits)
        server.shutdown()
