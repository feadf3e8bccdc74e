from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # A system check would not run under gunicorn or Celery, and a process that cannot read the data must not start.
        from accounts import encryption

        encryption.check_settings()
