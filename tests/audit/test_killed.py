"""T25: a process killed between the write and the commit leaves the record and its row in the log, or neither."""

import os
import signal
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import RoleMembership, SecurityEvent
from students.models import Observation
from tests.cast import build_cast

pytestmark = [
    pytest.mark.fault,
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="needs a database that two processes share"),
]

SCRIPT = """
import os, signal, django
django.setup()
from django.db import transaction
from django.utils import timezone
from accounts import actions
from accounts.models import User
from students.actions import notes
from students.models import Student
now, by = timezone.now(), User.objects.get(pk={wang!r})
with transaction.atomic():
    student = Student.objects.get(pk={an!r})
    notes.record_observation(by=by, students=[student], fields={{"facts": "x", "happened_on": now.date()}}, now=now)
    actions.propose_role(by=by, user=User.objects.get(pk={luo!r}), role="doctor", starts_on=now.date(), now=now)
    if {kill}:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("kill", [True, False])
def test_record_and_row_come_together_or_not_at_all(transactional_db, kill):
    cast = build_cast()
    before = RoleMembership.objects.count()
    place = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": place}
    script = SCRIPT.format(kill=kill, wang=str(cast.wang.pk), an=str(cast.an.pk), luo=str(cast.luo.pk))
    done = subprocess.run([sys.executable, "-c", script], env=env, cwd=settings.BASE_DIR, check=False, timeout=120)
    assert done.returncode == (-signal.SIGKILL if kill else 0)
    written = (
        Observation.objects.count(),
        Observation.history.count(),
        RoleMembership.objects.count() - before,
        SecurityEvent.objects.filter(kind="role_proposed").count(),
    )
    assert written == ((0, 0, 0, 0) if kill else (1, 1, 1, 1))
