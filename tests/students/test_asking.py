"""T17, T18, N7, R4: emergency access and access on request: a reason, a time, and somebody else's eyes."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import SecurityEvent
from students import access
from students.actions import asking
from students.levels import Level
from students.models import AccessGrant, AccessRequest, EmergencyAccess, FileAccess, Observation
from tests.factories import PASSWORD, ObservationFactory
from tests.students.reading import log

pytestmark = pytest.mark.django_db
URGENT = {"reason": "夜里高烧，要找家长", "level": "3", "password": PASSWORD}


def level(user, student, now) -> int:
    return access.level_of(user, student, now=now)


def emergency(cast, now, *, who="luo", of=Level.SENSITIVE) -> EmergencyAccess:
    return asking.open_emergency(by=cast.people[who], student=cast.an, level=of, reason="夜里高烧", now=now)


def asked(cast, now, *, who="luo", days=9, of=Level.DAILY, begins=0) -> AccessRequest:
    first = timezone.localdate(now) + timedelta(days=begins)
    return asking.ask_for_access(
        by=cast.people[who], student=cast.an, level=of, reason="晚自习", starts_on=first,
        ends_on=first + timedelta(days=days), now=now,
    )  # fmt: skip


# --- emergencies ------------------------------------------------------------------------------------------------------


def test_it_opens_one_file_for_a_day_and_ends_by_itself(cast, now):
    """T18: nothing is saved and no task runs; only the clock moves."""
    row = emergency(cast, now)
    assert (level(cast.luo, cast.an, now), level(cast.luo, cast.bei, now)) == (3, 0)
    assert level(cast.luo, cast.an, now + timedelta(hours=23, minutes=59)) == 3
    assert level(cast.luo, cast.an, row.ends_at) == 0
    assert row.ends_at == now + timedelta(hours=24)


def test_whoever_opens_it_gives_the_password_and_a_reason(cast, sign_in, fresh_counters):
    client, url = sign_in(cast.luo), reverse("students:emergency_open", args=[cast.an.pk])
    assert client.post(url, {**URGENT, "password": "wrong"}).status_code == 422
    assert client.post(url, {**URGENT, "reason": " "}).status_code == 422
    assert not EmergencyAccess.objects.exists()
    assert client.get(reverse("students:detail", args=[cast.an.pk])).status_code == 404
    assert client.post(url, URGENT).url == reverse("students:detail", args=[cast.an.pk])
    assert client.get(reverse("students:background", args=[cast.an.pk])).status_code == 200


def test_every_page_has_a_banner_and_each_reading_is_marked(cast, sign_in, now):
    """T18: also on pages that have nothing to do with it; without the name."""
    ObservationFactory(student=cast.an, author=cast.zhou)
    emergency(cast, now)
    client = sign_in(cast.luo)
    banner = "students:access_mine"
    for url in ("reports:home", "accounts:me", "students:notes_mine"):
        page = client.get(reverse(url)).content.decode()
        assert page.count("yd-note-stop") == 1, banner
        assert cast.an.name not in page
    client.get(reverse("students:timeline", args=[cast.an.pk]))
    assert (log()[-1].reason, log()[-1].level) == ("emergency", 2)
    sign_in(cast.zhou).get(reverse("students:timeline", args=[cast.an.pk]))
    assert log()[-1].reason == ""
    assert "yd-note-stop" not in sign_in(cast.zhou).get(reverse("accounts:me")).content.decode()


def test_another_role_is_told_at_once_and_no_name_leaves_the_page(cast, sign_in, now):
    """T18: on the home page and in the to-do of 德育 and the principal, and on a home page that stays open."""
    emergency(cast, now)
    for who, told in (("ruan", 1), ("xiao", 1), ("zhou", 0), ("fu", 0), ("luo", 0)):
        page = sign_in(cast.people[who]).get(reverse("reports:home"))
        links = [item.href for item in page.context["items"]]
        assert links.count(reverse("students:access_office")) == told, who
        assert cast.an.name not in page.content.decode()
        alert = sign_in(cast.people[who]).get(reverse("students:access_alert"))
        assert alert.status_code == (200 if told else 404)
    before = len(log())
    assert b"yd-note-stop" in sign_in(cast.ruan).get(reverse("students:access_alert")).content
    assert len(log()) == before


def test_an_overseer_is_not_told_of_their_own_and_does_not_review_it(cast, sign_in, now):
    row = asking.open_emergency(by=cast.ruan, student=cast.an, level=Level.CONFIDENTIAL, reason="夜里", now=now)
    assert sign_in(cast.ruan).get(reverse("reports:home")).context["items"] == []
    for name in ("emergency_approve", "emergency"):
        assert sign_in(cast.ruan).post(reverse(f"students:{name}", args=[row.pk])).status_code == 404
    for act in (asking.approve_emergency, lambda **how: asking.review_emergency(verdict="seen", note="", **how)):
        with pytest.raises(PermissionDenied):
            act(by=cast.ruan, emergency=row, now=now)
    for field, verdict in (("approved", {}), ("reviewed", {"verdict": "seen"})):
        own = {f"{field}_at": now, f"{field}_by": cast.ruan, **verdict}
        with pytest.raises(IntegrityError), transaction.atomic():
            EmergencyAccess.objects.filter(pk=row.pk).update(**own)


def test_the_confidential_part_waits_for_a_second_person(cast, sign_in, now):
    """N7: level 3 at once, level 4 after the principal or 德育 has approved, both until the same moment."""
    note = ObservationFactory(student=cast.an, author=cast.zhou, level=4)
    row = emergency(cast, now, of=Level.CONFIDENTIAL)
    assert level(cast.luo, cast.an, now) == 3
    assert not Observation.objects.visible_to(cast.luo, now=now).exists()
    for who in ("zhou", "fu", "luo", "shen", "wang"):
        with pytest.raises(PermissionDenied):
            asking.approve_emergency(by=cast.people[who], emergency=row, now=now)
    later = now + timedelta(hours=10)
    assert asking.approve_emergency(by=cast.xiao, emergency=row, now=later)
    assert not asking.approve_emergency(by=cast.ruan, emergency=EmergencyAccess.objects.get(), now=later)
    assert Observation.objects.visible_to(cast.luo, now=later).get() == note
    assert level(cast.luo, cast.an, now + timedelta(hours=24)) == 0


def test_nobody_approves_what_is_over(cast, now):
    row = emergency(cast, now, of=Level.CONFIDENTIAL)
    assert not asking.approve_emergency(by=cast.xiao, emergency=row, now=now + timedelta(hours=24))
    assert AccessGrant.objects.filter(reason="emergency").count() == 1


def test_it_ends_earlier_by_hand(cast, sign_in, now):
    """At the very next request; a second live reason stays."""
    row = emergency(cast, now)
    client, url = sign_in(cast.luo), reverse("students:background", args=[cast.an.pk])
    assert client.get(url).status_code == 200
    assert client.post(reverse("students:emergency_end", args=[row.pk])).status_code == 302
    assert client.get(url).status_code == 404
    assert [e.kind for e in SecurityEvent.objects.filter(detail="emergency").order_by("pk")] == [
        "access_given",
        "access_ended",
    ]


def test_those_who_are_told_of_no_student_open_none(cast, sign_in, now):
    for who in ("wang", "shen"):
        with pytest.raises(PermissionDenied):
            emergency(cast, now, who=who)
        for name in ("emergency_open", "access_ask"):
            assert sign_in(cast.people[who]).get(reverse(f"students:{name}", args=[cast.an.pk])).status_code == 404
    with pytest.raises(PermissionDenied):
        emergency(cast, now, who="yuan")


def test_what_stands_open_already_needs_no_emergency(cast, now):
    with pytest.raises(ValidationError):
        emergency(cast, now, who="zhou")
    emergency(cast, now, who="zhou", of=Level.CONFIDENTIAL)
    with pytest.raises(ValidationError):
        emergency(cast, now, who="zhou", of=Level.CONFIDENTIAL)


def test_the_review_shows_the_reason_and_each_page_and_ends_with_a_verdict(cast, sign_in, now):
    row = emergency(cast, now)
    sign_in(cast.luo).get(reverse("students:background", args=[cast.an.pk]))
    sign_in(cast.zhou).get(reverse("students:background", args=[cast.an.pk]))
    client, url = sign_in(cast.ruan), reverse("students:emergency", args=[row.pk])
    page = client.get(url)
    assert len(page.context["pages"]) == 1
    assert "夜里高烧" in page.content.decode()
    assert client.post(url, {"verdict": "unjustified", "note": ""}).status_code == 422
    assert client.post(url, {"verdict": "seen", "note": ""}).status_code == 302
    assert client.post(url, {"verdict": "unjustified", "note": "家长电话就在班级群里"}).status_code == 302
    row.refresh_from_db()
    assert (row.verdict, row.reviewed_by) == ("unjustified", cast.ruan)
    assert not asking.review_emergency(by=cast.xiao, emergency=row, verdict="justified", note="", now=now)
    assert sign_in(cast.xiao).get(reverse("reports:home")).context["items"] == []


def test_class_teachers_learn_who_opened_it_and_the_log_says_how(cast, sign_in, now):
    """N6: who sees it names the emergency; who read it marks the reading."""
    emergency(cast, now)
    sign_in(cast.luo).get(reverse("students:background", args=[cast.an.pk]))
    assert "Luo老师" in sign_in(cast.zhou).get(reverse("students:access", args=[cast.an.pk])).content.decode()
    for name in ("readers", "readers_print"):
        page = sign_in(cast.ruan).get(reverse(f"students:{name}", args=[cast.an.pk]))
        assert [row.emergency for row, _when in page.context["rows"] if "Luo" in row.who] == [True]
    assert FileAccess.objects.filter(reason="emergency").count() == 1


# --- requests ---------------------------------------------------------------------------------------------------------


def test_a_request_opens_for_its_days_once_granted(cast, now):
    row = asked(cast, now, begins=2)
    assert level(cast.luo, cast.an, now) == 0
    assert asking.decide_request(by=cast.ruan, asked=row, grant=True, note="", now=now)
    day = timedelta(days=1)
    assert [level(cast.luo, cast.an, now + n * day) for n in (0, 1, 2, 11, 12)] == [0, 0, 2, 2, 0]
    assert not asking.decide_request(by=cast.ruan, asked=AccessRequest.objects.get(), grant=False, note="x", now=now)


def test_a_refusal_says_why_and_whoever_asked_reads_it(cast, sign_in, now):
    row, client = asked(cast, now), sign_in(cast.ruan)
    url = reverse("students:request_decide", args=[row.pk])
    assert client.post(url, {"decision": "refuse", "note": ""}).status_code == 422
    assert client.post(url, {"decision": "refuse", "note": "请先问班主任"}).status_code == 302
    page = sign_in(cast.luo).get(reverse("students:access_mine")).content.decode()
    assert "请先问班主任" in page
    assert level(cast.luo, cast.an, now) == 0
    assert sign_in(cast.luo).get(reverse("students:detail", args=[cast.an.pk])).status_code == 404


def test_only_moral_education_decides_and_never_on_oneself(cast, now):
    """T17."""
    row = asked(cast, now)
    for who in ("luo", "zhou", "xiao", "wang", "shen", "yuan"):
        with pytest.raises(PermissionDenied):
            asking.decide_request(by=cast.people[who], asked=row, grant=True, note="", now=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessRequest.objects.filter(pk=row.pk).update(decided_at=now, decided_by=cast.luo, is_granted=True)


def test_asking_reveals_name_and_class_and_nothing_else(cast, sign_in, now):
    """The page is the same for a child with records and for one without; whoever left is not found."""
    client = sign_in(cast.luo)
    pages = []
    for who in ("guo", "lin"):
        pages.append(client.get(reverse("students:access_ask", args=[cast.an.pk])).content.decode())
        ObservationFactory(student=cast.an, author=cast.zhou, level=3)
        emergency(cast, now, who=who)
    one, other = (re.sub(r'value="[^"]{30,}"', "", page.split("<main")[1].split("</main>")[0]) for page in pages)
    assert one == other
    assert cast.an.name in pages[0]
    for gone in (cast.gone, cast.hang):
        assert client.get(reverse("students:access_ask", args=[gone.pk])).status_code == 404
    asked(cast, now)
    assert client.get(reverse("students:detail", args=[cast.an.pk])).status_code == 404


def test_one_request_at_a_time_and_days_that_make_sense(cast, now):
    for wrong in ({"days": -1}, {"days": 100}, {"begins": -20}):
        with pytest.raises(ValidationError):
            asked(cast, now, **wrong)
    asked(cast, now)
    with pytest.raises(ValidationError):
        asked(cast, now)
    with pytest.raises(ValidationError):
        asked(cast, now, who="zhou")


def test_a_granted_request_is_ended_by_either_side(cast, sign_in):
    for who in ("luo", "ruan"):
        now = timezone.now()
        row = asked(cast, now)
        asking.decide_request(by=cast.ruan, asked=row, grant=True, note="", now=now)
        assert level(cast.luo, cast.an, now) == 2
        assert sign_in(cast.people[who]).post(reverse("students:request_end", args=[row.pk])).status_code == 302
        assert level(cast.luo, cast.an, timezone.now()) == 0


# --- two at a time, and what is over ----------------------------------------------------------------------------------


def test_of_two_who_decide_at_the_same_moment_the_first_one_counts(cast, now):
    """Each holds the row as it was before the other decided."""
    row = emergency(cast, now, of=Level.CONFIDENTIAL)
    late = EmergencyAccess.objects.get(pk=row.pk)
    assert asking.approve_emergency(by=cast.ruan, emergency=row, now=now)
    assert not asking.approve_emergency(by=cast.xiao, emergency=late, now=now)
    wish = asked(cast, now, who="lin")
    late = AccessRequest.objects.get(pk=wish.pk)
    assert asking.decide_request(by=cast.ruan, asked=wish, grant=False, note="不归你管", now=now)
    assert not asking.decide_request(by=cast.ruan, asked=late, grant=True, note="", now=now)
    assert not asking.decide_request(by=cast.ruan, asked=wish, grant=True, note="", now=now)
    assert level(cast.lin, cast.an, now) == 0


def test_an_emergency_ends_once_and_not_by_just_anybody(cast, now):
    row = emergency(cast, now)
    with pytest.raises(PermissionDenied):
        asking.end_emergency(by=cast.guo, emergency=row, now=now)
    assert asking.end_emergency(by=cast.ruan, emergency=row, now=now)
    assert not asking.end_emergency(by=cast.luo, emergency=row, now=now)
    assert level(cast.luo, cast.an, now) == 0


def test_no_is_said_with_a_reason(cast, now):
    row, wish = emergency(cast, now), asked(cast, now, who="lin")
    with pytest.raises(ValidationError):
        asking.review_emergency(
            by=cast.ruan, emergency=row, verdict=EmergencyAccess.Verdict.NOT_JUSTIFIED, note="", now=now
        )
    with pytest.raises(ValidationError):
        asking.decide_request(by=cast.ruan, asked=wish, grant=False, note="", now=now)
    row.refresh_from_db()
    wish.refresh_from_db()
    assert (row.reviewed_at, wish.decided_at) == (None, None)
