"""One large request after the other over plain sockets: `bulk.py PORT PATH FILE HEADERS TIMES`.

A client with a parser would be what is measured, so this one only counts: the connection is
closed by the server behind each answer.
"""

import json
import socket
import sys
import time
from pathlib import Path


def main() -> None:
    """Print the seconds of each request as JSON."""
    port, path, file, headers, times = sys.argv[1:]
    body = Path(file).read_bytes()
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in json.loads(headers).items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    head = "\r\n".join(lines).encode()
    buffer = bytearray(2**20)
    spent = []
    for _ in range(int(times)):
        start = time.perf_counter()
        with socket.create_connection(("127.0.0.1", int(port)), timeout=120) as connection:
            connection.sendall(head)
            connection.sendall(body)
            status = connection.recv(2**16)
            while connection.recv_into(buffer):
                pass
        spent.append(time.perf_counter() - start)
        if b" 200 " not in status[:20]:
            sys.exit(f"{status[:200]!r}")
    print(json.dumps(spent))


if __name__ == "__main__":
    main()
