"""Staff and their roles: the system administrator's pages. They show nothing about students."""

from datetime import date
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import actions, encryption
from accounts.adapter import clear_attempts
from accounts.decorators import policy
from accounts.forms import EndRoleForm, RoleForm, StaffFilterForm, StaffForm
from accounts.models import Role, RoleMembership, User
from accounts.once import once, saving
from accounts.versions import CHANGED_MEANWHILE, StaleVersion, differences, posted_version, shown_version, stands

PAGE = 50
SLIP = "accounts.slip"  # label of the one-time password that waits, encrypted, in the session for its one page

admin_only = policy("role", Role.SYSTEM_ADMIN)
second_person = policy("role", Role.MORAL_EDUCATION, Role.PRINCIPAL)
get_or_post = require_http_methods(["GET", "POST"])


@admin_only
@require_GET
def staff(request: HttpRequest) -> HttpResponse:
    form = StaffFilterForm(request.GET, school=request.user.school)
    asked = form.cleaned_data if form.is_valid() else {}
    people = User.objects.of_school(request.user.school).filter(is_active=not asked.get("inactive"))
    people = people.search(asked.get("q", "")).select_related("department")
    if asked.get("department"):
        people = people.filter(department=asked["department"])
    page = Paginator(people, PAGE).get_page(request.GET.get("page"))
    held = _roles_by_person([person.pk for person in page])
    rows = [{"person": person, "roles": held.get(person.pk, [])} for person in page]
    return render(request, "accounts/staff.html", {"form": form, "page": page, "rows": rows})


@admin_only
@get_or_post
@once
def staff_add(request: HttpRequest) -> HttpResponse:
    form = StaffForm(request.POST or None, school=request.user.school)
    if form.is_valid():
        with saving(request):
            user, password = actions.create_user(by=request.user, school=request.user.school, **form.cleaned_data)
        return _to_slip(request, user, password)
    return render(request, "accounts/staff_add.html", {"form": form})


@admin_only
@get_or_post
def staff_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    person = _person(request, pk)
    form = StaffForm(request.POST or None, instance=person, school=request.user.school)
    if form.is_valid():
        try:
            actions.update_user(by=request.user, user=person, version=posted_version(request))
        except StaleVersion as stale:
            return _staff_page(request, User.objects.get(pk=pk), form, stale=stale)
        messages.success(request, _("Saved."))
        return redirect(person)
    return _staff_page(request, User.objects.get(pk=pk), form)


@admin_only
@require_POST
def staff_active(request: HttpRequest, pk: UUID) -> HttpResponse:
    person = _person(request, pk)
    act = actions.reactivate_user if request.POST.get("active") == "1" else actions.deactivate_user
    return tried(request, lambda: act(by=request.user, user=person), person)


@admin_only
@require_POST
def staff_reset(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A new one-time password on a slip; also opens an account that was locked by wrong passwords."""
    person = _person(request, pk)
    if person == request.user:
        messages.error(request, _("Change your own password under Settings."))
        return redirect(person)
    password = actions.reset_password(by=request.user, user=person)
    clear_attempts(request, person)
    return _to_slip(request, person, password)


@admin_only
@require_POST
def staff_tries(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Open an account that was locked by wrong passwords; the password stays."""
    person = _person(request, pk)
    actions.note_tries_cleared(by=request.user, user=person)
    clear_attempts(request, person)
    messages.success(request, _("This person can try to sign in again at once."))
    return redirect(person)


@admin_only
@require_GET
def slip(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The one-time password, for print. Shown once: it is in no table, and leaves the session with this page."""
    person = _person(request, pk)
    token = request.session.pop(f"{SLIP}.{pk}", None)
    password = encryption.decrypt(SLIP, token) if token else ""
    return render(request, "accounts/slip.html", {"person": person, "password": password})


@admin_only
@require_POST
@once
def role_propose(request: HttpRequest, pk: UUID) -> HttpResponse:
    person = _person(request, pk)
    form = RoleForm(request.POST)
    if form.is_valid() and _applied(form, lambda: _propose(request, person, form.cleaned_data)):
        messages.success(request, _("Proposed. A school-wide role counts once a second person has confirmed it."))
        return redirect(person)
    return _staff_page(request, person, StaffForm(instance=person, school=person.school), role_form=form)


def _propose(request: HttpRequest, person: User, asked: dict) -> None:
    with saving(request):
        actions.propose_role(by=request.user, user=person, now=timezone.now(), **asked)


@admin_only
@require_GET
def roles(request: HttpRequest) -> HttpResponse:
    """Every role that counts, will count or waits. The past stands with each person."""
    today = timezone.localdate()
    rows = RoleMembership.objects.of_school(request.user.school).not_over(today)
    rows = rows.select_related("user", "granted_by", "confirmed_by").order_by("role", "user__employee_no")
    return render(request, "accounts/roles.html", {"rows": [(row, row.state(today)) for row in rows]})


@admin_only
@get_or_post
def role_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    membership = get_object_or_404(_roles_of_school(request), pk=pk)
    form = EndRoleForm(request.POST or None, initial={"today": timezone.localdate()})
    stale = None
    if form.is_valid():
        try:
            if _applied(form, lambda: _end_role(request, membership, form.cleaned_data["last_day"])):
                return redirect(membership.user)
        except StaleVersion as error:
            stale = error
    context = {
        "form": form,
        "membership": membership,
        "version": shown_version(request, membership, stale),
        "stands": stands(stale, "starts_on", "ends_on"),
    }
    return render(request, "accounts/role_end.html", context, status=409 if stale else 200)


def _end_role(request: HttpRequest, membership: RoleMembership, last_day: date | None) -> None:
    last_day = last_day or actions.last_day_if_ended_now(timezone.now())
    actions.end_role(by=request.user, membership=membership, last_day=last_day, version=posted_version(request))


@second_person
@require_GET
def waiting(request: HttpRequest) -> HttpResponse:
    """School-wide roles that wait for a second person; one's own proposals and one's own roles are not offered."""
    return _waiting_page(request)


def _waiting_page(request: HttpRequest, status: int = 200) -> HttpResponse:
    rows = _roles_of_school(request).waiting().not_over(timezone.localdate()).filter(user__is_active=True)
    rows = (
        rows.select_related("granted_by", "user__department")
        .exclude(user=request.user)
        .exclude(granted_by=request.user)
        .order_by("granted_at")
    )
    return render(request, "accounts/waiting.html", {"rows": rows}, status=status)


@second_person
@require_POST
def role_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, actions.confirm_role)


@second_person
@require_POST
def role_decline(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _decide(request, pk, actions.decline_role)


def _person(request: HttpRequest, pk: UUID) -> User:
    return get_object_or_404(User.objects.of_school(request.user.school), pk=pk)


def _roles_of_school(request: HttpRequest):
    return RoleMembership.objects.of_school(request.user.school).select_related("user__school")


def _roles_by_person(ids: list[UUID]) -> dict[UUID, list[str]]:
    held: dict[UUID, list[str]] = {}
    for row in RoleMembership.objects.live(timezone.localdate()).filter(user__in=ids):
        held.setdefault(row.user_id, []).append(row.get_role_display())
    return held


def _staff_page(
    request: HttpRequest,
    person: User,
    form: StaffForm,
    *,
    role_form: RoleForm | None = None,
    stale: StaleVersion | None = None,
) -> HttpResponse:
    today = timezone.localdate()
    memberships = person.role_memberships.select_related("granted_by", "confirmed_by").order_by("-starts_on", "role")
    context = {
        "person": person,
        "form": form,
        "version": person.version if role_form else shown_version(request, person, stale),
        "changes": differences(form, stale),
        "role_form": role_form or RoleForm(initial={"starts_on": today}),
        "roles": [(row, row.state(today)) for row in memberships],
        "own": person == request.user,
    }
    return render(request, "accounts/staff_detail.html", context, status=409 if stale else 200)


def _applied(form: BaseForm, act) -> bool:
    """Do it; a rule that refuses stands above the form in words."""
    try:
        act()
    except ValidationError as error:
        form.add_error(None, ValidationError(error.messages))
        return False
    return True


def tried(request: HttpRequest, act, target) -> HttpResponse:
    try:
        act()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Saved."))
    return redirect(target)


def _decide(request: HttpRequest, pk: UUID, act) -> HttpResponse:
    membership = get_object_or_404(_roles_of_school(request), pk=pk)
    try:
        act(by=request.user, membership=membership, now=timezone.now(), version=posted_version(request))
    except StaleVersion:
        messages.warning(request, CHANGED_MEANWHILE)
        return _waiting_page(request, status=409)
    except (PermissionDenied, ValidationError) as error:
        messages.error(request, " ".join(getattr(error, "messages", error.args)))
    return redirect("accounts:waiting")


def _to_slip(request: HttpRequest, user: User, password: str) -> HttpResponse:
    request.session[f"{SLIP}.{user.pk}"] = encryption.encrypt(SLIP, password)
    return redirect("accounts:slip", pk=user.pk)
