"""The only way from HTML to a PDF. Nothing is fetched, whatever the page says (see `Shut`)."""

import functools
import logging
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from reports.own_process import Broken, Cut, in_own_process

log = logging.getLogger(__name__)

MINIMUM_VERSION = (70, 0)  # 61, 68, 69 and 70 each closed a way around the fetcher
SHEETS = ("css/charts.css", "print/print.css")  # the chart's rules are those of the page
MAX_CHARACTERS = 4_000_000
MAX_ROWS = 3_000  # 1,000 table rows take 5.5 s on two cores
MAX_PAGES = 200
MAX_SECONDS = 30  # of the processor
MAX_MEGABYTES = 384  # on top of the worker's own, about 130: together 512


class TooLong(Exception):
    """The document is longer than one file should be. The message is meant for the person who asked."""


def check_version() -> None:
    """Raise ImproperlyConfigured unless the installed WeasyPrint is new enough to be shut."""
    if tuple(int(part) for part in version("weasyprint").split(".")[:2]) < MINIMUM_VERSION:
        raise ImproperlyConfigured("WeasyPrint below 70.0 can be made to read files and addresses. Run `make setup`.")


@functools.cache
def _engine() -> tuple[Any, Any, Any]:
    """WeasyPrint, one FontConfiguration and our parsed sheets: once per process, since loading costs half a second."""
    check_version()
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    # A warning would repeat an address or a rule, so words of the page; its counting of steps is of no use to anybody.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("weasyprint.progress").setLevel(logging.ERROR)
    fonts = FontConfiguration()
    sheets = [_sheet(weasyprint, Path(_found(name)).read_text("utf-8"), fonts) for name in SHEETS]
    return weasyprint, fonts, sheets


def _found(name: str) -> str:
    if path := finders.find(name):
        return path
    raise ImproperlyConfigured(f"static/{name} is missing.")


def _sheet(weasyprint: Any, text: str, fonts: Any) -> Any:
    return weasyprint.CSS(string=text, font_config=fonts, url_fetcher=shut_fetcher())


def shut_fetcher() -> Any:
    """A new `Shut`: a URL fetcher that refuses every address and counts what it refused, by scheme."""
    return _shut_class()()


@functools.cache
def _shut_class() -> type:
    from weasyprint.urls import URLFetcher

    class Shut(URLFetcher):
        """The library's own fetcher embeds local files. We have nothing to fetch: sheets, charts and fonts are local.

        An address is text from somebody's note, so the log gets its scheme and no more.
        """

        def __init__(self) -> None:
            super().__init__(allowed_protocols=(), allow_redirects=False)
            self.refused: Counter[str] = Counter()

        def fetch(self, url: str, headers: Any = None) -> Any:
            scheme = url.partition(":")[0].lower()[:12]
            self.refused[scheme] += 1
            log.warning("A document asked for an address (%s); refused.", scheme if scheme.isalpha() else "?")
            raise ValueError("Documents fetch nothing.")

    return Shut


def render_pdf(html: str, *, css: tuple[str, ...] = (), fetcher: Any = None, max_pages: int = MAX_PAGES) -> bytes:
    """Lay out `html` (a whole page, its values escaped by the template) on our print sheets.

    `css`: texts of further sheets. `fetcher`: a `shut_fetcher()` of the caller, to read its count afterwards.
    Title and author of the file come from <title> and <meta name="author">. Tagged (PDF/UA): charts keep their alt.
    Raises TooLong beyond MAX_CHARACTERS, MAX_ROWS, `max_pages`, MAX_SECONDS or MAX_MEGABYTES.
    """
    if len(html) > MAX_CHARACTERS or html.count("<tr") > MAX_ROWS:
        raise TooLong(too_many_pages())
    _engine()  # the copies of this process find it loaded
    fetcher = fetcher or shut_fetcher()
    try:
        pdf, refused = in_own_process(
            lambda: _lay_out(html, css, fetcher, max_pages), seconds=MAX_SECONDS, megabytes=MAX_MEGABYTES
        )
    except Cut:
        raise TooLong(
            _("This document takes too long to lay out. Ask for a smaller part, such as a single class.")
        ) from None
    except Broken as problem:
        log.error("The layout failed: %s", problem)
        raise
    fetcher.refused = refused
    if pdf is None:
        raise TooLong(too_many_pages())
    return pdf


def too_many_pages() -> str:
    return _("This document is too long for one file. Ask for a smaller part, such as a single class.")


def _lay_out(html: str, css: tuple[str, ...], fetcher: Any, max_pages: int) -> tuple[bytes | None, Counter[str]]:
    """The file, None where it would have too many pages; and what was refused."""
    weasyprint, fonts, sheets = _engine()
    extra = [_sheet(weasyprint, text, fonts) for text in css]
    page = weasyprint.HTML(string=html, url_fetcher=fetcher, base_url=None, media_type="print")
    document = page.render(font_config=fonts, stylesheets=[*sheets, *extra], pdf_variant="pdf/ua-1")
    if len(document.pages) > max_pages:
        return None, fetcher.refused
    return document.write_pdf(pdf_variant="pdf/ua-1"), fetcher.refused
