"""All rules, and which of them a school uses with which numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from accounts.models import School
from students.models.signals import Signal, SignalRule
from students.signals import concerns, contact, family, marks, silence, tone
from students.signals.kinds import NUMBERS, Numbers, Rule

RULES: tuple[Rule, ...] = (
    concerns.REPEATED,
    tone.CHANGED,
    family.FOLLOWED,
    concerns.ONLY_NEGATIVE,
    marks.DROPPED,
    marks.DECLINING,
    contact.UNREACHED,
    silence.SILENT,
)
BY_CODE = {str(rule.code): rule for rule in RULES}


@dataclass(frozen=True)
class Setting:
    """A rule as one school uses it. `row` is not saved where the school has changed nothing."""

    rule: Rule
    row: SignalRule

    @property
    def numbers(self) -> Numbers:
        """What the school has not set is as the rule ships."""
        return Numbers(**{name: getattr(self.row, name) or getattr(self.rule.numbers, name) for name in NUMBERS})

    @property
    def sentence(self) -> str:
        return str(self.rule.says) % vars(self.numbers)


def settings_of(school: School) -> list[Setting]:
    """Every rule in the order of RULES; one statement."""
    rows = {row.code: row for row in SignalRule.objects.filter(school=school)}
    return [Setting(rule, rows.get(str(rule.code)) or unchanged(school, rule)) for rule in RULES]


def unchanged(school: School, rule: Rule) -> SignalRule:
    """The rule as it ships, not saved."""
    numbers = {name: getattr(rule.numbers, name) for name in rule.labels}
    return SignalRule(school=school, code=rule.code, is_on=rule.is_on, **numbers)


def words_of(signal: Signal, today: date) -> str:
    """What a signal says, in the reader's language."""
    return BY_CODE[signal.rule].words(signal.numbers, today)
