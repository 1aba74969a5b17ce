"""Ask for readiness every 100 ms until standard input ends; print how long each answer took."""

import json
import os
import select
import socket
import sys
import time

REQUEST = b"GET /readyz HTTP/1.1\r\nHost: drill\r\nConnection: close\r\n\r\n"
PAUSE_S = 0.1


def main() -> None:
    """Probe the port that the first argument names."""
    port = int(sys.argv[1])
    seconds: list[float] = []
    n_failed = 0
    while not select.select([0], [], [], PAUSE_S)[0]:
        begun = time.perf_counter()
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
                client.sendall(REQUEST)
                answer = b"".join(iter(lambda: client.recv(4096), b""))
        except OSError:
            answer = b""
        if answer.startswith(b"HTTP/1.1 200"):
            seconds.append(time.perf_counter() - begun)
        else:
            n_failed += 1
    os.write(1, json.dumps({"seconds": seconds, "failed": n_failed}).encode())


if __name__ == "__main__":
    main()
