"""What the tests of the files' pages share: the read log, statements, and a file with something in it."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from students.models import FileAccess, Guardian, Observation, StudentBackground, StudentProfile
from tests.factories import ObservationFactory

ALLOWED = 12
NOT_COUNTED = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")


def log() -> list[FileAccess]:
    return list(FileAccess.objects.order_by("pk"))


def statements(client, url: str, **headers) -> int:
    """Statements of the second visit, since the first starts the session's clock; transactions are not counted."""
    client.get(url, headers=headers)
    with CaptureQueriesContext(connection) as queries:
        response = client.get(url, headers=headers)
    assert response.status_code == 200
    return sum(not query["sql"].startswith(NOT_COUNTED) for query in queries)


def note(student, author, facts="把自己的绳子让给同学。", **fields) -> Observation:
    return ObservationFactory(student=student, author=author, facts=facts, **fields)


def fill(student) -> None:
    """Every panel has something to show."""
    StudentProfile.objects.filter(student=student).delete()
    StudentBackground.objects.filter(student=student).delete()
    StudentProfile.objects.create(student=student, temperament="慢热，熟了很爱说", talent="口风琴")
    StudentBackground.objects.create(
        student=student,
        family="周末由外婆照顾",
        id_type="居民身份证",
        id_no="990102201705203217",
        phone="13800001234",
        address_now="示范省示范市新华区滨河街12号3单元501",
        left_behind="2",
        is_orphan=False,
        needs_aid=True,
        health_status="健康或良好",
    )
    Guardian.objects.create(
        student=student, name="彭外婆", relation="祖父母或外祖父母", is_guardian=True, phone="13900005678"
    )
