"""Brokers that a test may stop, empty and look into: none but its own process knows them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path

import redis
from celery import current_app
from django.conf import settings
from kombu import pools

sys.path.append(str(settings.BASE_DIR / ".ci"))
import services


class Redis:
    """A server with a password, on a port of its own. It keeps nothing: stopped, it has forgotten all messages."""

    options: dict = {}

    def __init__(self, folder: Path):
        self.folder = folder
        self.url = services.redis_home(folder)
        self._stack = contextlib.ExitStack()

    def start(self) -> None:
        self.process = self._stack.enter_context(services.redis_running(self.folder, self.url))

    def stop(self) -> None:
        self._stack.close()

    def pause(self) -> None:
        """It hangs: connections stand, and nobody answers."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    @property
    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def messages(self) -> list[dict]:
        """What waits and what is being worked on."""
        with self.client as client:
            taken = [json.loads(each)[0] for each in client.hvals("unacked")]
        return [*self.waiting(), *taken]

    def waiting(self) -> list[dict]:
        """Without what a worker has taken: that of a dead one comes back after the visibility timeout."""
        with self.client as client:
            return [json.loads(each) for each in client.lrange(settings.CELERY_TASK_DEFAULT_QUEUE, 0, -1)]


class Folder:
    """The embedded default: each message is a file. What a worker has taken stands nowhere but in its memory."""

    url = "filesystem://localhost"

    def __init__(self):
        self.queue = settings.VAR_DIR / "broker" / "queue"
        other = {name: settings.VAR_DIR / "broker" / name for name in ("processed", "control")}
        self.folders = {"data_folder_in": self.queue, "data_folder_out": self.queue}
        self.folders |= {f"{name}_folder": path for name, path in other.items()}
        self.options = {name: str(path) for name, path in self.folders.items()}

    def start(self) -> None:
        for path in self.folders.values():
            path.mkdir(parents=True, exist_ok=True)
            for left in path.iterdir():
                left.unlink()

    def stop(self) -> None:
        pass

    def messages(self) -> list[dict]:
        try:
            return [json.loads(each.read_text()) for each in self.queue.glob("*.msg")]
        except FileNotFoundError:  # taken at this very moment
            return self.messages()

    waiting = messages


@contextlib.contextmanager
def in_force(broker: Redis | Folder):
    """Tasks that this process asks for go there."""
    conf = current_app.conf
    before = conf.broker_url, conf.broker_transport_options
    _turn_to(broker.url, {**conf.broker_transport_options, **broker.options})
    try:
        yield broker
    finally:
        _turn_to(*before)


def _turn_to(url: str, options: dict) -> None:
    os.environ["CELERY_BROKER_URL"] = url  # Celery looks there before it looks at its settings
    current_app.conf.update(broker_transport_options=options)
    pools.reset()
    current_app._pool = None
    current_app.amqp._producer_pool = None


def task_names(messages: list[dict]) -> list[str]:
    return sorted(each["headers"]["task"] for each in messages)
