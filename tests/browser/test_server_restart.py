"""T52 (d): the server dies while somebody writes, and comes back; the page saves what it could not save by itself."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from tests.browser.conftest import PHONE, session_cookie
from tests.browser.hand import draft_is_saved, open_sheet, write
from tests.browser.test_no_word_lost import BOX, MORE, WORDS, drafted, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.fault]


class Server:
    """Ours as production starts it, on the database of the run, to be killed and started at will."""

    def __init__(self, database: str):
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = os.environ | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "tests.settings"}

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "config.wsgi",
            "--bind",
            f"127.0.0.1:{self.port}",
            "--threads",
            "4",
        ]
        self.process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=self.env, start_new_session=True, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < deadline and self.process.poll() is None, "The server did not start."
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            return urllib.request.urlopen(self.url + reverse("offline"), timeout=5).status == 200
        except OSError:
            return False

    def kill(self) -> None:
        """Master and workers at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)


@pytest.fixture
def server(real_database):
    control = Server(real_database)
    control.start()
    yield control
    if control.process.poll() is None:
        control.kill()


def test_a_server_that_is_killed_and_comes_back_costs_no_word(cast, chromium, server):
    context = chromium.new_context(viewport=PHONE, locale="zh-CN", base_url=server.url)
    context.add_cookies([session_cookie(cast.zhou, server.url)])
    page = context.new_page()
    open_sheet(page, cast.an)
    write(page, WORDS)
    draft_is_saved(page)
    server.kill()
    write(page, MORE)
    page.get_by_text(_("No network. Go on writing; it is saved as soon as the network is back.")).wait_for()
    server.start()
    wait_for(page, lambda: drafted() == WORDS + MORE, seconds=60)
    assert page.locator(BOX).input_value() == WORDS + MORE
    context.close()
