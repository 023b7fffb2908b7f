"""Proxies before PostgreSQL and S3 that do what networks and servers do at the wrong moment.

Both relay bytes unchanged until they are told otherwise, in a thread of their own. A fault is armed for the next so many
requests, or for a time; `counts` says how often each one happened.
"""

import asyncio
import threading
import time
from collections import Counter


class Proxy:
    """A TCP relay on a free port of loopback. Threads: its own; arm() and the rest from any."""

    def __init__(self, server_port):
        self.server_port = server_port
        self.counts = Counter()
        self.refuse_until = 0.0
        self.stall_until = 0.0
        self.delay = 0.0
        self.armed = []  # (kind, what the request has to hold), the next one first
        self._open = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self):
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def arm(self, kind, times=1, what=b""):
        self.armed += [(kind, what)] * times

    def heal(self):
        self.armed.clear()
        self.refuse_until = self.stall_until = self.delay = 0.0

    def cut(self, seconds=0.0):
        """Every connection is cut, and none made for a while."""
        self.refuse_until = time.monotonic() + seconds
        self.counts["cut"] += 1

        def close_all():
            for writer in list(self._open):
                writer.transport.abort()

        self._loop.call_soon_threadsafe(close_all)

    def stall(self, seconds):
        """Nothing gets through for a while; the connections stay."""
        self.stall_until = time.monotonic() + seconds
        self.counts["stall"] += 1

    def take(self, request):
        """The fault that this request suffers, or None."""
        if self.armed and self.armed[0][1] in request:
            kind, _ = self.armed.pop(0)
            self.counts[kind] += 1
            return kind
        return None

    async def pause(self):
        while time.monotonic() < self.stall_until:
            await asyncio.sleep(0.02)
        if self.delay:
            await asyncio.sleep(self.delay)

    async def _serve(self, reader, writer):
        if time.monotonic() < self.refuse_until:
            writer.transport.abort()
            return
        self._open.add(writer)
        server_writer = None
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
            self._open.add(server_writer)
            await self.relay(reader, writer, server_reader, server_writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            for one in (writer, server_writer):
                if one is not None:
                    self._open.discard(one)
                    one.transport.abort()


class PostgresProxy(Proxy):
    """Knows a COMMIT when it sees one: cut before it is passed on, in its middle, or when it was carried out."""

    KINDS = ("before_commit", "within_commit", "after_commit")
    COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"

    async def relay(self, reader, writer, server_reader, server_writer):
        lose_answer = asyncio.Event()

        async def up():
            while data := await reader.read(1 << 16):
                await self.pause()
                at = data.find(self.COMMIT)
                kind = self.take(data) if at >= 0 else None
                if kind == "before_commit":
                    server_writer.write(data[:at])
                    await server_writer.drain()
                    return
                if kind == "within_commit":
                    server_writer.write(data[:at + 6])
                    await server_writer.drain()
                    return
                if kind == "after_commit":
                    lose_answer.set()
                server_writer.write(data)
                await server_writer.drain()

        async def down():
            while data := await server_reader.read(1 << 16):
                if lose_answer.is_set():
                    return  # it was carried out: this is the answer that nobody gets
                await self.pause()
                writer.write(data)
                await writer.drain()

        tasks = {asyncio.ensure_future(up()), asyncio.ensure_future(down())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class S3Proxy(Proxy):
    """HTTP, one request after the other on a connection. Requests reach the server as they are signed."""

    KINDS = ("lose_answer", "error_after", "busy", "cut_body", "short_body", "silence")

    async def relay(self, reader, writer, server_reader, server_writer):
        while True:
            request = await read_message(reader, ask_on=writer)
            await self.pause()
            kind = self.take(request)
            if kind == "busy":
                writer.write(problem(503, "SlowDown"))
                await writer.drain()
                continue
            if kind == "silence":
                await asyncio.sleep(5)
                return
            server_writer.write(request)
            await server_writer.drain()
            answer = await read_message(server_reader, has_body=not request.startswith(b"HEAD"))
            if kind == "lose_answer":
                return
            if kind == "error_after":
                answer = problem(500, "InternalError")
            elif kind == "cut_body":
                writer.write(answer[:max(len(answer) // 2, 1)])
                await writer.drain()
                return
            elif kind == "short_body":
                answer = shortened(answer)
            writer.write(answer)
            await writer.drain()


async def read_message(reader, has_body=True, ask_on=None):
    """Head and body of a request or an answer, as bytes. Who waits to be asked on before a body, is."""
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    if ask_on is not None and b"expect: 100-continue" in lower:
        ask_on.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if lower.startswith(b"http/1.1 100"):
        return head + await read_message(reader, has_body)
    if lower.startswith((b"http/1.1 204", b"http/1.1 304")) or not has_body:
        return head
    if b"transfer-encoding: chunked" in lower:
        body = b""
        while True:
            size = await reader.readuntil(b"\r\n")
            length = int(size.split(b";")[0], 16)
            body += size + await reader.readexactly(length + 2)
            if length == 0:
                return head + body
    for line in lower.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.split(b":")[1]))
    return head


def problem(status, code):
    body = f"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
    return (f"HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
            f"\r\n").encode() + body


def shortened(answer):
    """Half of the body, with a head that says that this is all."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"chunked" in head.lower() or len(body) < 2:
        return answer
    body = body[:len(body) // 2]
    lines = [b"Content-Length: %d" % len(body) if line.lower().startswith(b"content-length:") else line
             for line in head.split(b"\r\n")]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
