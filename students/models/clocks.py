"""After how long the school reminds: every number of DOMAIN §3.4 is a setting of the school."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import OpaqueModel, School

LONGEST = 400


class Clock(OpaqueModel):
    """One number that a school has set. Without a row the default counts, so a new clock needs no data migration."""

    class Code(models.TextChoices):
        TALK_BLUE = "talk_blue", _("Talk with a student of the daily level: every … days")
        TALK_YELLOW = "talk_yellow", _("Talk at level three (yellow): every … days")
        TALK_ORANGE = "talk_orange", _("Talk at level two (orange): every … days")
        TALK_RED = "talk_red", _("Talk at level one (red): every … days")
        LEVEL_REVIEW = "level_review", _("Look at an attention level again after … days")
        NEED_REVIEW = "need_review", _("Look at a confirmed need again after … days")
        FILE_VERIFIED = "file_verified", _("A file counts as not verified after … days")
        TALK_EVERYBODY = "talk_everybody", _("Talks with every student: … a term")
        SILENCE = "silence", _("Nothing noted about a student for … school days")
        SCREENING = "screening", _("Screening is finished … days after a term begins")
        HOME_VISIT = "home_visit", _("Home visits to a student with an attention level: … a term")
        PHONE_HOME = "phone_home", _("Phone home, from level three on: every … days")
        PHONE_HOME_ON_LEAVE = "phone_home_on_leave", _("Phone home while on leave from school: every … days")
        PLAN_REVIEW = "plan_review", _("Review a plan every … days")
        DECISION = "decision", _("A decision counts as late … days after its day")
        REFERRAL_ACCEPTED = "referral_accepted", _("A referral is taken up within … school days")
        REFERRAL_FEEDBACK = "referral_feedback", _("A referral is answered within … school days")
        EXTERNAL_FEEDBACK = "external_feedback", _("A partner outside answers within … days")
        PARENT_SCHOOL = "parent_school", _("Parent school: … sessions a term")
        REPORT_HOURS = "report_hours", _("The written part of a mandatory report within … hours")
        BULLYING = "bullying", _("An inquiry into bullying ends within … days")

    school = models.ForeignKey(School, models.CASCADE, related_name="clocks")
    code = models.CharField(max_length=24, choices=Code)
    amount = models.PositiveSmallIntegerField(
        _("Number"), validators=[MinValueValidator(1), MaxValueValidator(LONGEST)]
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    history = HistoricalRecords()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["school", "code"],
                name="one_clock_per_code",
                violation_error_message=_("This number is set already."),
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=1, amount__lte=LONGEST),
                name="clock_in_reach",
                violation_error_message=_("A number from 1 to 400."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.amount}"


DEFAULTS: dict[str, int] = {
    "talk_blue": 30, "talk_yellow": 7, "talk_orange": 3, "talk_red": 3, "level_review": 30, "need_review": 90,
    "file_verified": 90, "talk_everybody": 1, "silence": 20, "screening": 30, "home_visit": 1, "phone_home": 30,
    "phone_home_on_leave": 7, "plan_review": 28, "decision": 1, "referral_accepted": 2, "referral_feedback": 10,
    "external_feedback": 30, "parent_school": 2, "report_hours": 24, "bullying": 10,
}  # fmt: skip


def all_clocks(school) -> dict[str, int]:
    """Every number of a school, by code; `school`: the row or its id. One statement."""
    return DEFAULTS | dict(Clock.objects.filter(school=school).values_list("code", "amount"))


def clock(school, code: str) -> int:
    """One number of a school. Raises KeyError for a code that no clock has. At most one statement."""
    default = DEFAULTS[code]
    return Clock.objects.filter(school=school, code=code).values_list("amount", flat=True).first() or default
