"""System checks: without the right library and fonts a PDF is slow or prints boxes for rare names."""

import ctypes.util
import functools
import shutil
import subprocess
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from reports import pdf

FONTS = ("Noto Serif CJK SC", "Noto Sans CJK SC", "LXGW WenKai")
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
    if ctypes.util.find_library("harfbuzz-subset"):
        return []
    return [Warning("libharfbuzz-subset is missing: each PDF takes about 10 s longer.", hint=APT, id="reports.W001")]


def _fonts() -> list[CheckMessage]:
    if missing := [name for name in FONTS if name not in families()]:
        return [Warning(f"Fonts not found: {', '.join(missing)}. PDFs would print boxes.", hint=APT, id="reports.W002")]
    return []


@functools.cache
def families() -> frozenset[str]:
    """Names of all font families that fontconfig knows; empty without fontconfig."""
    if not shutil.which("fc-list"):
        return frozenset()
    listed = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, timeout=20, check=False).stdout
    return frozenset(name.strip() for line in listed.splitlines() for name in line.split(","))
