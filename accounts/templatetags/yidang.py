"""Tags for the parts of a page. How to use each one: docs/components.md.

They are inclusion tags with keyword arguments rather than includes, so that what is left out has a default
and an undefined variable in a page is still an error.
"""

import uuid
from functools import cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

register = template.Library()

SPRITE = "vendor/icons.svg"  # made by the set-up from static/icons.txt

# The icon that stands for a value, wherever the value is shown. Values without one are words only.
ICONS = {
    "observation": "eye",
    "talk": "message-circle",
    "recognition": "star",
    "interview": "messages",
    "guidance": "bulb",
    "concern": "heart",
    "concerned": "heart",
    "neutral": "minus",
    "ordinary": "minus",
    "plain": "minus",
    "positive": "sun",
    "pdf": "file-type-pdf",
    "xlsx": "file-spreadsheet",
    "docx": "file-type-docx",
}


@register.simple_tag
def icon(name: str, size: str = ""):
    """An icon of the sprite, hidden from screen readers; size is "", "sm" or "lg". Give its button an aria-label."""
    return _svg(name, size)


@cache
def _svg(name: str, size: str):
    """Once per process: a page has up to a hundred icons, and each asks the manifest for the sprite's address."""
    css = f"yd-i yd-i-{size}" if size else "yd-i"
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>', css, static(SPRITE), name)


@register.simple_tag
def once():
    """The number of this form: sent twice it saves once (accounts.once). Stands in every form that makes something new."""
    return format_html('<input type="hidden" name="once" value="{}">', uuid.uuid4())


@register.filter
def icon_for(value) -> str:
    """The name of the icon for a kind or tone, or "" if it has none."""
    return ICONS.get(str(value).lower(), "")


@register.simple_tag
def avatar(name: str, size: str = "", staff: bool = False):
    """A round surname. All look the same. The privacy key empties students' avatars, not those of staff."""
    css = "yd-ava" + (f" yd-ava-{size}" if size else "") + ("" if staff else " yd-name")
    return format_html('<span class="{}" aria-hidden="true">{}</span>', css, str(name)[:1])


@register.simple_tag
def names(people):
    """Students' names in a row, each under the privacy key. Takes texts or objects with `name`."""
    comma = pgettext("between names", ", ")
    spans = [format_html('<span class="yd-name">{}</span>', getattr(one, "name", one)) for one in people]
    return format_html_join(comma, "{}", ((span,) for span in spans))


@register.simple_tag
def days_word(days: int | None) -> str:
    """School days since a student was last noticed, in words; None is never. A fact, not a reproach."""
    if days is None:
        return _("not yet noted")
    if days <= 0:
        return _("today")
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


@register.simple_tag
def ring(part: int, whole: int, clock: bool = False, over: bool = False):
    """A ring filled to part/whole. The number must stand in text beside it."""
    filled = 0 if not whole else max(0, min(100, round(100 * part / whole)))
    css = "yd-ring" + (" yd-clock" if clock else "") + (" yd-over" if over else "")
    return format_html(
        '<svg class="{}" viewBox="0 0 36 36" aria-hidden="true"><circle cx="18" cy="18" r="15"/>'
        '<circle cx="18" cy="18" r="15" pathLength="100" stroke-dasharray="{} 100"/></svg>',
        css,
        filled,
    )


@register.simple_tag
def bar(value: int, of: int, label: str):
    """A bar of progress or coverage; label says in words what it measures."""
    return format_html(
        '<progress class="yd-bar" value="{}" max="{}" aria-label="{}"></progress>', value, of or 1, label
    )


@register.simple_tag
def tag(text, icon="", look=""):
    """A word that carries a meaning. look: "" · on · lock · time · stop. Never colour alone, so text is required."""
    css = "yd-tag" + (f" yd-tag-{look}" if look else "")
    return format_html('<span class="{}">{}{}</span>', css, _icon(icon, "sm"), text)


@register.simple_tag
def due(text, late: bool = False):
    """A date in words: today 12:40, 3 days left, 2 days past. late marks that it has passed."""
    return format_html('<span class="yd-due{}">{}{}</span>', " yd-late" if late else "", _icon("clock", "sm"), text)


def _icon(name: str, size: str):
    return icon(name, size) if name else ""


@register.simple_tag
def field(bound_field):
    """One form field with its label, help and errors (templates/django/forms/field.html)."""
    return bound_field.as_field_group()


@register.inclusion_tag("components/_chips.html")
def chips(bound_field, look: str = "chips", hide_label: bool = False, note: str = "", icons: bool = True):
    """Radio buttons or check boxes as chips.

    look: chips (one row, equal widths) · wrap (as many rows as needed) · seg (one of a few, joined) ·
    ticks (plain boxes under each other) · row (label at the left). note stands beside the label.
    """
    boxes = {"chips": "yd-chips", "wrap": "yd-chips-wrap", "seg": "yd-seg", "ticks": "yd-ticks"}
    return {
        "field": bound_field,
        "box": boxes[look],
        "look": look,
        "hide_label": hide_label,
        "note": note,
        "icons": icons,
    }


@register.inclusion_tag("components/_empty.html")
def empty(title, text="", href="", action="", icon="seedling"):
    """An empty state: what to do next, with at most one button."""
    return {"title": title, "text": text, "href": href, "action": action, "icon": icon}


@register.inclusion_tag("components/_notice.html")
def notice(text, title="", look="", icon="device-floppy", href="", action="", role=""):
    """What happened, what was kept. look: "" · time · stop. role="status" where it appears after an act."""
    return {"text": text, "title": title, "look": look, "icon": icon, "href": href, "action": action, "role": role}


@register.inclusion_tag("components/_steps.html")
def steps(labels, now: int, label: str):
    """The steps of a wizard. labels: the words in order; now: number of the current step, from 1."""
    return {"steps": [(n, text, _state(n, now)) for n, text in enumerate(labels, 1)], "label": label}


def _state(number: int, now: int) -> str:
    return "done" if number < now else "now" if number == now else ""


@register.inclusion_tag("components/_change.html")
def change(field, old, new):
    """A difference row: the field's name, what it was, what it is now. Mask phone numbers before."""
    return {"field": field, "old": old, "new": new}


@register.inclusion_tag("components/_pages.html", takes_context=True)
def pages(context, page, label=""):
    """Previous and next page of a Django Page; keeps the other query parameters."""
    return {"page": page, "label": label or _("Pages"), "request": context["request"]}


TILE = (
    '<li class="yd-tile"><input type="checkbox" name="student" value="{id}" aria-labelledby="n-{id}">{check}'
    '<a href="{href}">{avatar}<span class="yd-strong yd-name" id="n-{id}">{name}</span>'
    '<span class="yd-tiny yd-nowrap">{days}</span></a></li>'
)


@register.simple_tag
def tile(student_id, name, days, href):
    """A student in the class grid: surname, name, school days. All look the same. Without a template of its own: a class
    has fifty."""
    parts = {"check": icon("check"), "avatar": avatar(name), "days": days_word(days)}
    return format_html(TILE, id=student_id, href=href, name=name, **parts)


@register.inclusion_tag("components/_who_can_see.html")
def who_can_see(people, summary, note=""):
    """Who will see this? people: display names; summary: the same in words, e.g. two head teachers, 6 people."""
    people = list(people)
    return {"shown": people[:4], "more": len(people) - 4, "people": people, "summary": summary, "note": note}


@register.inclusion_tag("components/_why_visible.html")
def why_visible(reasons, href=""):
    """Why can I see this? reasons: one or more sentences from students.access."""
    return {"reasons": list(reasons), "href": href}


@register.filter
def look(widget: dict) -> str:
    """The class attribute of a form control: Tabler's class for its type, then the widget's own."""
    return " ".join(filter(None, [_control_class(widget), widget["attrs"].get("class", "")]))


def _control_class(widget: dict) -> str:
    kind, name = widget.get("type"), widget.get("template_name", "")
    if kind == "hidden" or name.endswith("_option.html"):
        return "form-check-input" if kind in ("checkbox", "radio") else ""
    if kind in ("checkbox", "radio"):
        return "form-check-input"
    return "form-select" if name.endswith("select.html") else "form-control"
