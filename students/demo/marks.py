"""Three exams of the demo school's grades three to six: most lines waver, one drops, one declines term by term."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from random import Random

from simple_history.utils import bulk_create_with_history

from accounts.models import School, User
from students.demo import SEED, at
from students.demo.people import ClassOf
from students.models import Exam, Mark, Term

SUBJECTS = {"语文": (82.0, 8.0), "数学": (79.0, 11.0), "英语": (80.0, 10.0)}  # the average of a class and its spread
FROM_GRADE = 3
KNOWN_FOR = "三(2)班"  # the class whose two lines a visitor is shown
DROPS, DECLINES = 11, 23  # seats less one in that class
LOW, ABSENT = 30.0, 0.004


def give(school: School, classes: list[ClassOf], *, by: User, today: date) -> None:
    """What the academic office imported after each exam that lies behind us."""
    rng, marks = Random(SEED + 5), []
    exams = _exams(school, today)
    for each in (one for one in classes if one.grade >= FROM_GRADE):
        for seat, student in enumerate(each.students):
            for subject in SUBJECTS:
                usual = rng.gauss(0, 0.9)
                for number, exam in enumerate(exams):
                    wavers, planted = usual + rng.gauss(0, 0.3), _planted(each.name, seat, subject, number, len(exams))
                    far = wavers if planted is None else planted
                    got = _got(subject, far, is_absent=planted is None and rng.random() < ABSENT)
                    marks.append(
                        Mark(student=student, author=by, exam=exam, class_group=each.group, subject=subject, **got)
                    )
    bulk_create_with_history(marks, Mark, batch_size=1000, default_user=by, default_date=at(today, time(12)))


def _exams(school: School, today: date) -> list[Exam]:
    """The finals of the terms that are over, and the mid-term of the one that is half over."""
    exams = []
    for term in Term.objects.filter(school=school, starts_on__lte=today).order_by("starts_on"):
        halfway = term.starts_on + timedelta(weeks=10)
        if term.ends_on < today:
            exams.append(Exam(term=term, kind=Exam.Kind.FINAL))
        elif halfway <= today:
            exams.append(Exam(term=term, kind=Exam.Kind.MIDTERM))
    return bulk_create_with_history(exams, Exam)


def _planted(name: str, seat: int, subject: str, number: int, many: int) -> float | None:
    """In standard deviations of the class; None for everybody else."""
    if name != KNOWN_FOR or subject != "数学" or seat not in (DROPS, DECLINES):
        return None
    if seat == DECLINES:
        return 0.6 - 0.55 * number
    return -1.6 if number == many - 1 else 0.6


def _got(subject: str, far: float, *, is_absent: bool) -> dict:
    if is_absent:
        return {"value": None, "is_absent": True}
    mean, spread = SUBJECTS[subject]
    return {"value": Decimal(round(min(100.0, max(LOW, mean + spread * far))))}
