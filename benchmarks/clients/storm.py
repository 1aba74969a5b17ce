"""Ask for pictures that nobody has drawn: `storm.py PORT CLIENTS`, until standard input ends.

Each client asks for one after another, and where it is refused waits as long as it is told to.
It gives way to everybody else on its core. Prints how often it got which status.
"""

import asyncio
import itertools
import json
import os
import sys
from collections import Counter

REQUEST = "GET /regions.png?title=storm+{} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


async def ask(port: int, numbers: itertools.count, told: Counter[int]) -> None:
    """Be one client."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        writer.write(REQUEST.format(next(numbers)).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode().lower().strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        await reader.readexactly(int(headers["content-length"]))
        told[int(first.split()[1])] += 1
        await asyncio.sleep(int(headers.get("retry-after", 0)))


async def main() -> None:
    """Ask until nobody listens."""
    port, clients = int(sys.argv[1]), int(sys.argv[2])
    os.nice(19)
    told, numbers = Counter[int](), itertools.count()
    asking = [asyncio.create_task(ask(port, numbers, told)) for _ in range(clients)]
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for task in asking:
        task.cancel()
    failed = [
        r
        for r in await asyncio.gather(*asking, return_exceptions=True)
        if type(r) is not asyncio.CancelledError
    ]
    print(json.dumps({"drawn": told[200], "refused": told[503], "failed": len(failed)}))


if __name__ == "__main__":
    asyncio.run(main())
