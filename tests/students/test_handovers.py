"""R11, N12: a class or a child goes to another head teacher: access ends the same day, and what is known goes over."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.actions import deactivate_user
from accounts.versions import StaleVersion
from students import access
from students.actions import handovers, placements
from students.actions.drafts import save_draft
from students.models import AccessGrant, ClassAssignment, Draft, Enrolment, Handover, HandoverSummary, Observation
from tests.factories import ObservationFactory, assign
from tests.students.reading import log

pytestmark = pytest.mark.django_db


def new_head(cast, today, now, *, who="luo", **span):
    return placements.assign_to_class(
        by=cast.wang, user=cast.people[who], class_group=cast.own_class, duty="head", now=now,
        **({"starts_on": today} | span),
    )  # fmt: skip


def move(cast, today, now, student="an", to="next_class"):
    placements.move_student(
        by=cast.jiao, student=getattr(cast, student), class_group=getattr(cast, to), seat_no=None, on=today, now=now
    )


def pairs() -> list[tuple]:
    return [(row.giver.display_name[:-2], row.taker.display_name[:-2], row.of_class) for row in Handover.objects.all()]


@pytest.fixture
def changed(cast, today, now) -> Handover:
    """luo leads 三年级(2)班 from today, instead of zhou."""
    new_head(cast, today, now)
    return Handover.objects.select_related("giver", "taker", "class_group").get()


# --- when one is due --------------------------------------------------------------------------------------------------


def test_a_new_head_teacher_takes_over_and_the_old_access_ends_the_same_day(cast, today, now, sign_in):
    """T15: nobody has to end the former duty, and at the next request the file is gone."""
    client, url = sign_in(cast.zhou), reverse("students:background", args=[cast.an.pk])
    assert client.get(url).status_code == 200
    new_head(cast, today, now)
    assert client.get(url).status_code == 404
    assert access.level_of(cast.luo, cast.an, now=now) == 3
    assert ClassAssignment.objects.get(user=cast.zhou).ends_on == today - timedelta(days=1)
    assert pairs() == [("Zhou", "Luo", True)]


def test_a_substitute_takes_nothing_over_and_hands_nothing_back(cast, today, now):
    row = new_head(cast, today, now, ends_on=today + timedelta(days=3))
    assert access.level_of(cast.zhou, cast.an, now=now) == 3
    placements.end_class_assignment(by=cast.wang, assignment=row, on=today - timedelta(days=1), now=now)
    assert pairs() == []


def test_in_whichever_order_the_two_duties_are_entered(cast, today, now):
    old = ClassAssignment.objects.get(user=cast.zhou)
    placements.end_class_assignment(by=cast.wang, assignment=old, on=today - timedelta(days=2), now=now)
    assert pairs() == []
    new_head(cast, today, now)
    assert [row.on for row in Handover.objects.all()] == [today]


def test_children_who_change_class_together_are_one_hand_over(cast, today, now, sign_in):
    client, url = sign_in(cast.zhou), reverse("students:detail", args=[cast.an.pk])
    assert client.get(url).status_code == 200
    move(cast, today, now)
    move(cast, today, now, "bei")
    assert client.get(url).status_code == 404
    assert pairs() == [("Zhou", "Lin", False)]
    assert list(handovers.children(Handover.objects.get())) == sorted([cast.an, cast.bei], key=lambda s: s.name)


def test_what_was_a_mistake_goes_and_what_was_written_stays(cast, today, now):
    move(cast, today, now)
    row = Handover.objects.get()
    move(cast, today, now, to="own_class")
    assert pairs() == []
    move(cast, today, now)
    row = Handover.objects.get()
    handovers.write_class_summary(by=cast.zhou, handover=row, text="慢热", version=row.version, now=now)
    move(cast, today, now, to="own_class")
    assert pairs() == [("Zhou", "Lin", False)]


def test_one_child_goes_back_and_the_hand_over_of_the_other_stays(cast, today, now):
    move(cast, today, now)
    move(cast, today, now, "bei")
    move(cast, today, now, to="own_class")
    assert pairs() == [("Zhou", "Lin", False)]
    assert list(handovers.children(Handover.objects.get())) == [cast.bei]


def test_who_comes_back_after_a_gap_takes_nothing_over_from_themselves(cast, today, now):
    old = ClassAssignment.objects.get(user=cast.zhou)
    placements.end_class_assignment(by=cast.wang, assignment=old, on=today - timedelta(days=2), now=now)
    new_head(cast, today, now, who="zhou")
    assert access.level_of(cast.zhou, cast.an, now=now) == 3
    assert pairs() == []


def test_only_another_seat_or_leaving_hands_nothing_over(cast, today, now):
    move(cast, today, now, to="own_class")
    placements.leave_school(by=None, student=cast.bei, status="transferred", on=today, now=now)
    assert pairs() == []


def test_a_second_live_reason_stays(cast, today, now):
    """T15: qin leads the grade, he is the deputy; only zhou's access ends."""
    new_head(cast, today, now)
    assert [access.level_of(cast.people[who], cast.an, now=now) for who in ("zhou", "he", "qin")] == [0, 3, 3]
    assign(cast.zhou, cast.own_class, "subject", starts_on=today, subject="语文")
    assert access.level_of(cast.zhou, cast.an, now=now) == 1


# --- writing ----------------------------------------------------------------------------------------------------------


def test_the_old_teacher_writes_from_a_list_of_names_without_the_file(cast, changed, sign_in):
    client = sign_in(cast.zhou)
    page = client.get(changed.get_absolute_url()).content.decode()
    assert cast.an.name in page and cast.ding.name not in page
    assert (log()[-1].level, log()[-1].what) == (1, "students:handover")
    write = reverse("students:handover_write", args=[changed.pk])
    assert client.post(f"{write}?student={cast.an.pk}", {"text": "坐前排更专心", "version": "0"}).status_code == 302
    assert client.get(f"{write}?student={cast.ding.pk}").status_code == 404
    assert client.get(reverse("students:handed_over", args=[cast.an.pk])).status_code == 404
    assert "坐前排更专心" in client.get(changed.get_absolute_url()).content.decode()
    new = sign_in(cast.luo)
    assert "坐前排更专心" in new.get(changed.get_absolute_url()).content.decode()
    assert "坐前排更专心" in new.get(reverse("students:handed_over", args=[cast.an.pk])).content.decode()
    assert (log()[-1].level, log()[-1].student_ids) == (3, str(cast.an.pk))


def test_half_written_words_wait_on_the_server(cast, changed, sign_in, now):
    client, url = sign_in(cast.zhou), reverse("students:handover_class", args=[changed.pk])
    key = f"handover:{changed.pk}:class"
    answer = client.post(reverse("students:draft_save"), {"draft_key": key, "seq": "5", "summary": "早读安静，"})
    assert answer.status_code == 204
    assert "早读安静，" in client.get(url).content.decode()
    save_draft(by=cast.luo, key=key, body={"summary": ["别人的"]}, seq=1, now=now)
    assert "别人的" not in client.get(url).content.decode()
    assert client.post(url, {"summary": "早读安静，值日轮流。", "version": "1", "draft_seq": "6"}).status_code == 302
    assert Draft.objects.get(user=cast.zhou).body == ""
    assert client.get(reverse("reports:home")).context["items"] == []


def test_two_tabs_lose_no_word(cast, changed, now):
    write = {"by": cast.zhou, "handover": changed, "student": cast.an, "now": now}
    handovers.write_summary(text="一", version=0, **write)
    with pytest.raises(StaleVersion):
        handovers.write_summary(text="二", version=0, **write)
    handovers.write_summary(text="三", version=1, **write)
    with pytest.raises(StaleVersion):
        handovers.write_summary(text="四", version=1, **write)
    assert HandoverSummary.objects.get().text == "三"


def test_nobody_else_writes_or_takes_over_and_others_see_nothing(cast, changed, sign_in, now):
    for who in ("luo", "ruan", "he"):
        with pytest.raises(PermissionDenied):
            handovers.write_class_summary(by=cast.people[who], handover=changed, text="x", version=1, now=now)
    for who in ("zhou", "ruan", "he"):
        with pytest.raises(PermissionDenied):
            handovers.acknowledge(by=cast.people[who], handover=changed, now=now)
    for who in ("he", "lin", "xiao", "wang", "shen", "yuan"):
        assert sign_in(cast.people[who]).get(changed.get_absolute_url()).status_code == 404


def test_whoever_left_writes_nothing_any_more(cast, changed, sign_in, now):
    """T5."""
    deactivate_user(by=cast.wang, user=cast.zhou)
    cast.zhou.refresh_from_db()
    assert not Handover.objects.visible_to(cast.zhou, now=now).exists()
    assert not HandoverSummary.objects.visible_to(cast.zhou, now=now).exists()


# --- taking over ------------------------------------------------------------------------------------------------------


def test_open_follow_ups_go_over_and_the_old_teacher_writes_no_more(cast, changed, sign_in, today, now):
    promised = ObservationFactory(student=cast.an, author=cast.zhou, follow_up_on=today)
    hidden = ObservationFactory(student=cast.an, author=cast.zhou, follow_up_on=today, level=4)
    other = ObservationFactory(student=cast.ding, author=cast.zhou, follow_up_on=today)
    handovers.write_summary(by=cast.zhou, handover=changed, student=cast.an, text="慢热", version=0, now=now)
    items = handovers.open_items(changed, cast.luo, now=now)
    assert [(item.student, item.due_on) for item in items] == [(cast.an, today)]
    client = sign_in(cast.luo)
    assert client.post(reverse("students:handover_acknowledge", args=[changed.pk])).status_code == 302
    assert list(Observation.objects.open_items_of(cast.luo, today=today)) == [promised]
    assert set(Observation.objects.open_items_of(cast.zhou, today=today)) == {hidden, other}
    assert promised.history.first().history_user == cast.luo
    assert promised.get_absolute_url() in [item.href for item in client.get(reverse("reports:todo")).context["due"]]
    assert not handovers.acknowledge(by=cast.luo, handover=Handover.objects.get(), now=now)
    former = sign_in(cast.zhou)
    assert former.get(reverse("students:handover_class", args=[changed.pk])).status_code == 403
    assert "慢热" not in former.get(changed.get_absolute_url()).content.decode()


def test_both_are_reminded_and_moral_education_after_a_week(cast, changed, sign_in, now):
    def reminded(who):
        items = sign_in(cast.people[who]).get(reverse("reports:home")).context["items"]
        return [item.href for item in items if "handovers" in item.href]

    assert reminded("zhou") == reminded("luo") == [reverse("students:handovers")]
    assert reminded("ruan") == reminded("he") == []
    Handover.objects.filter(pk=changed.pk).update(on=changed.on - timedelta(days=7))
    assert reminded("ruan") == [reverse("students:handovers")]
    assert changed.get_absolute_url() in sign_in(cast.ruan).get(reverse("students:handovers")).content.decode()
    handovers.acknowledge(by=cast.luo, handover=changed, now=now)
    assert reminded("zhou") == reminded("luo") == reminded("ruan") == []


def test_every_way_of_changing_a_class_keeps_in_step(cast, today, now):
    """The roster import and the roll-over write enrolments in bulk; all of them keep the grants in step, and so this."""
    from students.actions.grants import sync_grants

    Enrolment.objects.filter(student=cast.an).update(ends_on=today - timedelta(days=1))
    Enrolment.objects.create(student=cast.an, class_group=cast.next_class, starts_on=today)
    sync_grants(by=cast.jiao, students=[cast.an], now=now)
    assert pairs() == [("Zhou", "Lin", False)]
    assert not AccessGrant.objects.live(now).filter(user=cast.zhou, content_object=cast.an).exists()
