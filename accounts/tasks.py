from celery import shared_task
from django.core.management import call_command


@shared_task
def clear_sessions() -> None:
    """Sessions that are past their 12 hours leave the database: they hold an address and a user."""
    call_command("clearsessions")
