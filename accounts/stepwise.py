"""Migrations that keep nobody waiting."""

from django.db import migrations


class Stepwise(migrations.Migration):
    """Each operation commits by itself. Locks that were held to the end of a long migration would keep people waiting, and
    two could wait for each other; and SQLite makes a table anew, which nobody may see half-way."""

    atomic = False

    def __init__(self, name: str, app_label: str) -> None:
        super().__init__(name, app_label)
        for operation in self.operations:
            operation.atomic = True
