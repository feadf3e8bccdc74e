"""How the log is written: where something went wrong, never the words that it went wrong with."""

import logging
import traceback
from collections.abc import Iterator


class Quiet(logging.Formatter):
    """An error's place and kind. Its message stays away: a database quotes the row that it refuses, and so a name."""

    def formatException(self, ei) -> str:  # noqa: N802 -- the name is logging's
        return "\n".join(_told(error) for error in _chain(ei[1]))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it arose from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _told(error: BaseException) -> str:
    return "".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__
