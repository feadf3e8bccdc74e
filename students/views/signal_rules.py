"""The rules as the school sets them: by 德育."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import policy
from accounts.models import Role
from accounts.versions import StaleVersion, differences, posted_version, shown_version
from students.actions.signals import set_rule
from students.forms.signals import RuleForm
from students.models import SignalRule
from students.signals.rules import BY_CODE, Setting, settings_of, unchanged
from students.views.answers import posted, status_of

setting = policy("role", Role.MORAL_EDUCATION)


@setting
@require_safe
def signal_rules(request: HttpRequest) -> HttpResponse:
    """Every rule in words, with the school's numbers in them."""
    return render(request, "students/signals/rules.html", {"settings": settings_of(request.user.school)})


@setting
@require_http_methods(["GET", "HEAD", "POST"])
def signal_rule(request: HttpRequest, code: str) -> HttpResponse:
    row, rule = _row(request, code), BY_CODE[code]
    form, stale = RuleForm(posted(request), instance=row, rule=rule), None
    if form.is_valid():
        try:
            set_rule(by=request.user, row=form.instance, version=posted_version(request))
        except StaleVersion as error:
            stale = error
        else:
            messages.success(request, _("Saved. It counts from tomorrow morning on."))
            return redirect("students:signal_rules")
    context = {
        "form": form,
        "title": row.get_code_display(),
        "sentence": Setting(rule, _row(request, code)).sentence,
        "note": rule.note,
        "version": shown_version(request, row, stale),
        "changes": differences(form, stale),
    }
    return render(request, "students/signals/rule.html", context, status=409 if stale else status_of(form))


def _row(request: HttpRequest, code: str) -> SignalRule:
    """As the school has it; a first change begins from the rule as it ships."""
    if code not in BY_CODE:
        raise Http404
    school = request.user.school
    row = SignalRule.objects.filter(school=school, code=code).first() or unchanged(school, BY_CODE[code])
    if row._state.adding and request.method == "POST":
        row.save()
    return row
