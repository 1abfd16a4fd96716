"""Puts a network between the clients and the simulated venues: bytes arrive a little later.

Usage: distance.py MILLISECONDS < ENDPOINTS. Reads the lines of `feedctl sim --json`, prints them
with the addresses of relays in place of the venues', and relays until it is terminated.

On loopback an answer may be there before the client's `send` has returned. No venue is that near,
and clients rely on it: pybit notes a subscription after it has sent it, and fails at an answer that
it has not noted.
"""

import asyncio
import json
import sys
from urllib.parse import urlsplit

CHUNK_BYTES = 1 << 16
# Chunks on their way in one direction of one connection; the sender waits when there are more.
CHUNKS_MAX = 256


async def carry(reader, writer, delay):
    """Hands on what is read, each chunk `delay` seconds after it came, until the end."""
    way = asyncio.Queue(CHUNKS_MAX)
    loop = asyncio.get_running_loop()

    async def arrive():
        while True:
            due, chunk = await way.get()
            await asyncio.sleep(max(due - loop.time(), 0))
            if not chunk:
                break
            writer.write(chunk)
            await writer.drain()

    arriving = asyncio.create_task(arrive())
    try:
        chunk = b"-"
        while chunk:
            chunk = await reader.read(CHUNK_BYTES)
            await way.put((loop.time() + delay, chunk))
        await arriving
    except ConnectionError:
        arriving.cancel()
    finally:
        writer.close()


async def relay(port, delay):
    """Listens in front of `port`; the relay's own port."""

    async def serve(reader, writer):
        try:
            there = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(carry(reader, there[1], delay), carry(there[0], writer, delay))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server.sockets[0].getsockname()[1]


async def main():
    delay = int(sys.argv[1]) / 1000
    for line in sys.stdin.readlines():
        endpoint = json.loads(line)
        port = await relay(urlsplit(endpoint["ws_url"]).port, delay)
        for key in ("ws_url", "rest_url"):
            endpoint[key] = f"{urlsplit(endpoint[key]).scheme}://127.0.0.1:{port}"
        print(json.dumps(endpoint), flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
