"""An image that answers every GET on port 8080: the usual first service."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Echo(BaseHTTPRequestHandler):
    """200 and the path."""

    def do_GET(self) -> None:
        """Answer with the path."""
        body = f"echo {self.path}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    # In a real container this would be 0.0.0.0; local processes share one network.
    address = (os.environ.get("SPCS_SANDBOX_IP", "127.0.0.1"), int(os.environ.get("PORT", "8080")))
    print(f"listening on port {address[1]}", flush=True)  # noqa: T201 - its log
    ThreadingHTTPServer(address, Echo).serve_forever()
