"""More requests than a service can take, at a rate of the sender's choosing.

    python benchmarks/serving_storm.py PORT RATE SECONDS CONNECTIONS PATIENCE BODY KEY

Asks over kept-alive connections, whichever of them are idle; one that was refused is
idle again after so many seconds. Sockets and epoll without an event loop, and answers
known by their first bytes and their length: some ten microseconds a request, so that
a few of these processes ask more than any server answers. Prints JSON.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

from serving_load import request

TICK_SECONDS, LATE_SECONDS, LEAST_SECONDS = 0.001, 0.1, 1.0
OK = 200
Answers = dict[str, object]


@dataclass(slots=True)
class Link:
    """One connection: since when it waits for an answer, and what came of it."""

    socket: socket.socket
    begun: float = 0.0
    came: bytes = b""
    waits: bool = False


@dataclass(slots=True)
class Storm:
    """What is asked, and what came back: statuses, and when and how quickly."""

    sent: bytes
    patience: float
    idle: deque[Link] = field(default_factory=deque)
    tired: deque[tuple[float, Link]] = field(default_factory=deque)
    took: list[tuple[int, float]] = field(default_factory=list)
    hint: bool = True
    cut: int = 0

    def ask(self) -> bool:
        """Ask over the connection that was idle last, as pools do, if it is open."""
        link = self.idle.pop()
        if link.socket.fileno() < 0:  # idle for longer than the server keeps it
            return False
        link.begun, link.waits = time.perf_counter(), True
        link.socket.send(self.sent)
        return True

    def hear(self, link: Link) -> None:
        """Take what came over a connection."""
        try:
            link.came += link.socket.recv(65_536)
        except OSError:
            link.came = b""
        if not link.came:
            self.cut += link.waits
            link.socket.close()
            return
        head = link.came.find(b"\r\n\r\n")
        if head < 0 or len(link.came) < head + 4 + _length(link.came, head):
            return
        link.waits = False
        now, status = time.perf_counter(), int(link.came[9:12])
        self.took.append((status, now - link.begun))
        if status == OK:
            self.idle.append(link)
        else:
            self.hint &= b"retry-after" in link.came
            self.tired.append((now + self.patience, link))
        link.came = b""

    def wake(self) -> None:
        """Let those ask again whose patience has come to its end."""
        now = time.perf_counter()
        while self.tired and self.tired[0][0] <= now:
            self.idle.append(self.tired.popleft()[1])


def connected(port: int) -> socket.socket:
    """Return a connection that the server has taken: it has answered once."""
    made = socket.create_connection(("127.0.0.1", port), 60)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
    while not made.recv(65_536).endswith(b"}"):
        pass
    made.setblocking(False)
    return made


def storm(told: Storm, links: dict[int, Link], rate: float, seconds: float) -> Answers:
    """Ask at a rate, as far as connections are idle; return what came back."""
    ears = select.epoll()
    for link in links.values():
        ears.register(link.socket, select.EPOLLIN)
        told.idle.append(link)
    asked, due, start = 0, 0.0, time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds:
        due = max(due, rate * (passed - LATE_SECONDS))  # too late is not asked
        while due < rate * passed and told.idle:
            sent = told.ask()
            due, asked = due + sent, asked + sent
        _listen(told, ears, links)
    sending = time.perf_counter() - start
    while len(told.took) + told.cut < asked and passed < sending + LEAST_SECONDS:
        _listen(told, ears, links)
        passed = time.perf_counter() - start
    return {
        "asked": asked,
        "seconds": sending,
        "unanswered": asked - len(told.took),
        "cut": told.cut,
        "retry_after": told.hint,
        "statuses": Counter(str(status) for status, _ in told.took),
        "good": sorted(taken for status, taken in told.took if status == OK),
        "bad": sorted(taken for status, taken in told.took if status != OK),
    }


def _listen(told: Storm, ears: select.epoll, links: dict[int, Link]) -> None:
    for number, _ in ears.poll(TICK_SECONDS):
        told.hear(links[number])
    told.wake()


def _length(came: bytes, head: int) -> int:
    at = came.lower().find(b"content-length:", 0, head)
    return int(came[at + 15 : came.find(b"\r", at)])


if __name__ == "__main__":
    port, rate, seconds, n, patience, body, key = sys.argv[1:8]
    told = Storm(request(Path(body).read_bytes(), key), float(patience))
    made = [connected(int(port)) for _ in range(int(n))]
    links = {one.fileno(): Link(one) for one in made}
    sys.stdout.write(json.dumps(storm(told, links, float(rate), float(seconds))))
