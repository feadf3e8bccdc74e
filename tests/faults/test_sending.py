"""T47: what is rolled back sends nothing, what is committed sends one task, and the task finds the row. T49: what a queue may hold."""

import base64
import pickle

import pytest
from django.db import transaction
from django.utils import timezone
from kombu import Connection
from kombu.exceptions import OperationalError

from reports.models import ReportJob
from students.models import Student
from students.roster import actions as roster
from tests.factories import ObservationFactory
from tests.faults.broker import Redis, task_names
from tests.faults.waiting import ask, fresh, is_over, wait_until
from tests.students.roster.test_import import line, sheet_of

pytestmark = pytest.mark.fault

CANARY = "kanarienvogel"


class Regret(Exception):
    pass


def upload(cast):
    data = sheet_of([line(1, 姓名=CANARY)])
    return roster.upload(by=cast.jiao, school=cast.school, data=data, filename=f"{CANARY}.csv", now=timezone.now())


def test_only_what_is_committed_is_sent_and_its_row_is_found(cast, database, broker, worker, shelf):
    """T47."""
    with pytest.raises(Regret), transaction.atomic():  # noqa: PT012 -- the block is what is broken off
        ask(cast.zhou, cast.own_class)
        upload(cast)
        raise Regret
    assert broker.messages() == []

    with transaction.atomic():
        job, file = ask(cast.zhou, cast.own_class), upload(cast)
        assert broker.messages() == [], "not before the row stands"
    assert task_names(broker.messages()) == ["reports.tasks.make", "students.tasks.run_import"]
    worker.start()
    wait_until(is_over(job))
    wait_until(is_over(file))
    assert (fresh(job).state, job.attempts) == ("done", 1)
    assert (fresh(file).state, file.phase, file.attempts) == ("done", "prepared", 1)


class Bomb:
    """Whoever unpickles it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def publish(broker, settings, *, body: bytes, content_type: str) -> None:
    """By hand: our own application would not send it."""
    with Connection(broker.url, transport_options=broker.options) as link:
        link.Producer().publish(
            body, exchange="", routing_key=settings.CELERY_TASK_DEFAULT_QUEUE, content_type=content_type,
            content_encoding="binary", headers={"task": "reports.tasks.sweep", "id": "x", "lang": "py"},
        )  # fmt: skip


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the bomb itself, set off once to see that it works
def test_a_message_that_carries_code_is_not_unpacked(cast, database, broker, worker, shelf, settings, tmp_path):
    """T49: neither pickle nor YAML; and the worker goes on."""
    made = tmp_path / "made"
    pickle.loads(pickle.dumps(Bomb(made))).close()
    assert made.exists(), "it would work"
    made.unlink()
    yaml = f"!!python/object/apply:builtins.open [{made}, w]".encode()
    publish(broker, settings, body=pickle.dumps(((Bomb(made),), {}, {})), content_type="application/x-python-serialize")
    publish(broker, settings, body=yaml, content_type="application/x-yaml")
    assert len(broker.messages()) == 2
    job = ask(cast.zhou, cast.own_class)
    worker.start()
    wait_until(is_over(job))
    assert fresh(job).state == "done"
    assert not made.exists()
    assert "ContentDisallowed" in worker.log.read_text()
    wait_until(lambda: not broker.messages())


def everything_in(client) -> bytes:
    """All that Redis holds, as text and with each base64 body opened."""
    read = {b"list": lambda key: client.lrange(key, 0, -1), b"string": lambda key: [client.get(key)]}
    read |= {b"hash": lambda key: [*client.hkeys(key), *client.hvals(key)], b"set": client.smembers}
    read |= {b"zset": lambda key: client.zrange(key, 0, -1)}
    found = [key + b"\n" + b"\n".join(read[client.type(key)](key)) for key in client.scan_iter()]
    return b"\n".join(found)


def test_redis_holds_ids_and_nothing_else(cast, database, broker, worker, shelf):
    """T49: before, while and after; no result stays."""
    if not isinstance(broker, Redis):
        pytest.skip("Redis alone")
    Student.objects.filter(pk=cast.an.pk).update(name=CANARY)
    ObservationFactory(student=cast.an, author=cast.zhou, facts=f"{CANARY} 哭了。")
    jobs = [ask(cast.zhou, cast.own_class), upload(cast)]
    with broker.client as client:
        held = everything_in(client)
        bodies = b"".join(base64.b64decode(each["body"]) for each in broker.messages())
        for job in jobs:
            assert str(job.pk).encode() in held and str(job.pk).encode() in bodies, "it could be seen"
        assert CANARY.encode() not in held + bodies
        worker.start()
        for job in jobs:
            wait_until(is_over(job))
        assert ReportJob.objects.filter(state="done").exists()
        after = everything_in(client)
        assert CANARY.encode() not in after and b"celery-task-meta" not in after


def test_redis_needs_its_password(database, redis):
    """T49."""
    address = redis.url.partition("@")[2]
    with Connection(f"redis://{address}") as link, pytest.raises(OperationalError, match="Authentication"):
        link.ensure_connection(max_retries=1, interval_start=0)
    with Connection(redis.url) as link:
        link.ensure_connection(max_retries=1)


def test_a_message_that_its_sender_could_not_finish_stops_nobody(cast, database, broker, worker, shelf, settings):
    """T42, the embedded default: killed while it wrote a message, a process leaves an empty file in the queue."""
    if isinstance(broker, Redis):
        pytest.skip("The folder alone")
    (broker.queue / f"0_x.{settings.CELERY_TASK_DEFAULT_QUEUE}.msg").touch()
    worker.start()
    job = ask(cast.zhou, cast.own_class)
    wait_until(lambda: is_over(job)() or not worker.is_running)
    assert worker.is_running, worker.log.read_text()[-3000:]
    assert fresh(job).state == "done"
