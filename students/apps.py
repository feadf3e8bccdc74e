from django.apps import AppConfig
from django.db.models.signals import post_migrate


class StudentsConfig(AppConfig):
    name = "students"

    def ready(self) -> None:
        from students import append_only, checks  # noqa: F401 -- registers the checks

        # A framework hook, not a domain signal: AlterField on SQLite drops triggers silently.
        post_migrate.connect(append_only.install, dispatch_uid="students.append_only")
