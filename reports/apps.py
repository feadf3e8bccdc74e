from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        from reports import (
            checks,  # noqa: F401 -- registers the checks
            pdf,
        )

        pdf.check_version()  # with an old WeasyPrint nothing starts at all
