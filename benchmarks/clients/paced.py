"""Ask the same at an even pace: `paced.py PORT SECONDS`; prints p50 and p99 in milliseconds.

The time of an answer counts from when the request was due, so that one that waits for another
counts as late, too.
"""

import json
import socket
import sys
import time

PER_SECOND = 500
ROW = b'{"instances": [[0.5, -0.5]]}'
REQUEST = (
    b"POST /predict_proba HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(ROW), ROW)
)


def main() -> None:
    """Ask, and tell how long it took."""
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    times = list[float]()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        for number in range(round(PER_SECOND * seconds)):
            due = began + number / PER_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))
            connection.sendall(REQUEST)
            answer = connection.recv(1 << 16)
            times.append(1e3 * (time.perf_counter() - due))
            if not answer.startswith(b"HTTP/1.1 200"):
                sys.exit(f"no answer but {answer[:80]!r}")
    times.sort()
    print(json.dumps([times[len(times) // 2], times[len(times) * 99 // 100]]))


if __name__ == "__main__":
    main()
