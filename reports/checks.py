"""System checks: without the right library and fonts a PDF is slow or prints boxes for rare names.

`manage.py health` asks the same two questions, `missing_fonts` and `can_subset`, while the system runs.
"""

import ctypes.util
import subprocess
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from reports import pdf

FONTS = ("Noto Serif CJK SC", "Noto Sans CJK SC", "LXGW WenKai")
PATIENCE = 20  # seconds: right after an installation fontconfig reads every font there is
APT = (
    "apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 "
    "fontconfig fonts-noto-cjk fonts-lxgw-wenkai"
)


@register("pdf")
def printing_is_ready(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """reports.E001 old WeasyPrint · W001 slow writing of fonts · W002 a font is missing."""
    return [*_version(), *_subsetting(), *_fonts()]


def _version() -> list[CheckMessage]:
    try:
        pdf.check_version()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="reports.E001")]
    return []


def _subsetting() -> list[CheckMessage]:
    if can_subset():
        return []
    return [Warning("libharfbuzz-subset is missing: each PDF takes about 10 s longer.", hint=APT, id="reports.W001")]


def _fonts() -> list[CheckMessage]:
    if missing := missing_fonts():
        return [Warning(f"Fonts not found: {', '.join(missing)}. PDFs would print boxes.", hint=APT, id="reports.W002")]
    return []


def can_subset() -> bool:
    return ctypes.util.find_library("harfbuzz-subset") is not None


def missing_fonts(patience: float = PATIENCE) -> list[str]:
    """Those that fontconfig does not know at this moment; without fontconfig it is all of them."""
    command = ["fc-list", ":", "family"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=patience, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        listed = ""
    families = {name.strip() for line in listed.splitlines() for name in line.split(",")}
    return [name for name in FONTS if name not in families]
