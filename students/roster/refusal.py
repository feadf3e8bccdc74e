"""A refusal in words. It carries the English msgid, so that it can cross a process border and be translated where it is shown."""

from django.utils.translation import gettext


class Refused(ValueError):
    """The whole file is refused. ``message`` is a msgid with %(name)s places, ``params`` fill them."""

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message, params)
        self.message = message
        self.params = params

    def __str__(self) -> str:
        return gettext(self.message) % self.params
