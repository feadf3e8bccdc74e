"""docker-compose.yml hands on what the handbook tells an operator to set; docs/deploy/several-hosts.yml makes of it one host of several."""

import ast
import json
import os
import re
import subprocess
import sys
from itertools import chain

import pytest
import yaml
from django.conf import settings

sys.path.append(str(settings.BASE_DIR / ".ci"))
from image import filled

ROOT = settings.BASE_DIR
BASE, SEVERAL = "docker-compose.yml", "docs/deploy/several-hosts.yml"
OURS = {"migrate", "web", "worker", "beat"}
DOCKERS = {"COMPOSE_PROJECT_NAME", "COMPOSE_FILE", "COMPOSE_PROFILES"}  # Docker's own
WARNED_OF = {"DJANGO_DEBUG"}  # the handbook says not to
# Who has to get it, where that is not each process of ours; a secret goes to these and to nobody else.
SECRETS = {
    "BACKUP_KEY": {"migrate", "worker"},
    "DB_SUPER_PASSWORD": {"db"},
    "DB_APP_PASSWORD": {"web", "worker", "beat", "db"},
    "DB_OWNER_PASSWORD": {"migrate", "db"},
    "OWNER_DATABASE_URL": {"migrate"},
    "DATABASE_URL": {"web", "worker", "beat"},
    "REDIS_PASSWORD": OURS | {"redis"},
}
READ_BY = SECRETS | {"YIDANG_TLS": {"caddy"}, "WORKER_QUEUES": {"worker"}, "WEB_ADDRESS": {"web"}}


class Loader(yaml.SafeLoader):
    """With !override and !reset: what follows stands in place of the base's, and is not added to it."""


Loader.add_multi_constructor("!", lambda loader, tag, node: loader.construct_mapping(node, deep=True))


def services(*, several: bool = False) -> dict[str, dict]:
    found = yaml.load((ROOT / BASE).read_text(), Loader)["services"]
    over = yaml.load((ROOT / SEVERAL).read_text(), Loader)["services"] if several else {}
    return {name: merged(each, over.get(name, {})) for name, each in found.items()}


def merged(base: dict, over: dict) -> dict:
    """As compose does it, as far as these two files need it."""
    joined = {"environment": base.get("environment", {}) | over.get("environment", {})}
    joined |= {name: [*base.get(name, []), *over.get(name, [])] for name in ("volumes", "networks")}
    return base | over | joined


def reached(name: str, found: dict[str, dict]) -> set[str]:
    """The services in which the value of ${name} arrives."""
    names = set(re.findall(r"\$\{(\w+)", (ROOT / BASE).read_text() + (ROOT / SEVERAL).read_text()))
    given = {each: f"<{each}>" for each in names}
    return {service for service, each in found.items() if f"<{name}>" in filled(json.dumps(each), given)}


def told() -> set[str]:
    """What an operator is told to set: by the handbook and by the example."""
    texts = [(ROOT / path).read_text() for path in ("docs/operations.md", "docs/deploy/env.example")]
    names = chain(*(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", text) for text in texts))
    return set(names) - DOCKERS - WARNED_OF


def test_the_handbook_names_what_there_is_to_set():
    """So that the next test looks at something."""
    optional = {"UPLOAD_SCANNER", "PHOTO_QUOTA_MB", "BACKUP_KEEP", "LEAST_FREE_MB", "LOG_FORMAT", "WEB_PROCESSES"}
    several = {"DATABASE_URL", "CELERY_BROKER_URL", "REDIS_CACHE_URL", "PRIVATE_ROOT", "OWNER_DATABASE_URL"}
    assert optional | several | {"WORKER_QUEUES", "WEB_ADDRESS"} <= told()


@pytest.mark.parametrize("name", sorted(told()))
def test_what_the_handbook_tells_to_set_reaches_those_who_read_it(name):
    found = reached(name, services()) | reached(name, services(several=True))
    assert READ_BY.get(name, OURS) <= found
    if name in SECRETS:
        assert found == SECRETS[name]


def test_unset_they_are_what_the_settings_say():
    text = (ROOT / "config/settings.py").read_text()
    web = {name: filled(value, {}) for name, value in services()["web"]["environment"].items() if ":?" not in value}
    for name in ("LEAST_FREE_MB", "PHOTO_QUOTA_MB", "UPLOAD_SCANNER", "BACKUP_KEEP", "YIDANG_PG_BIN"):
        (default,) = re.findall(rf'env\.\w+\(\s*"{name}", default=([^)]+?)\s*\)', text)
        assert web[name] == str(ast.literal_eval(default)), name
    assert web["LOG_FORMAT"] == "json"  # as the settings choose where nothing is embedded


# --- several hosts ------------------------------------------------------------------------------------------------------


GIVEN = {
    "DATABASE_URL": "postgresql://app@db.test/y",
    "OWNER_DATABASE_URL": "postgresql://owner@db.test/y",
    "CELERY_BROKER_URL": "redis://r.test/0",
    "REDIS_CACHE_URL": "redis://r.test/1",
    "PRIVATE_ROOT": "/srv/yidang/private",
    "WEB_ADDRESS": "10.0.0.11",
}


@pytest.mark.parametrize("service", sorted(OURS))
def test_a_process_of_several_hosts_uses_what_all_share(service):
    """Nothing that has to be one for all stands in a container of this host."""
    each = services(several=True)[service]
    shared = ("DATABASE_URL", "CELERY_BROKER_URL", "REDIS_CACHE_URL", "PRIVATE_ROOT")
    env = {name: filled(each["environment"][name], GIVEN) for name in shared}
    own = {"DATABASE_URL": GIVEN["OWNER_DATABASE_URL"]} if service == "migrate" else {}
    assert env == {name: GIVEN[name] for name in shared} | own
    assert "outside" in each["networks"]  # the database stands beyond this host
    assert not {"db", "redis"} & set(each["depends_on"])
    (private,) = [volume for volume in each["volumes"] if isinstance(volume, dict)]
    assert {filled(private[end], GIVEN) for end in ("source", "target")} == {env["PRIVATE_ROOT"]}
    assert private["bind"] == {"create_host_path": False}  # a disk that is not mounted is no empty folder


def test_of_several_hosts_one_plans_and_one_makes_backups():
    found = services(several=True)
    assert {name for name, each in found.items() if not each.get("profiles")} == {"migrate", "web", "worker"}
    assert found["beat"]["profiles"] == ["beat"]
    assert {each["environment"]["BACKUP_QUEUE"] for name, each in found.items() if name in OURS} == {"backup"}
    queues = [filled(part, {}) for part in found["worker"]["command"]]
    assert queues[queues.index("-Q") + 1] == "celery"  # a host that is not told to makes none


QUEUE = """
from config.celery import app
route = app.amqp.router.route
print(*(route({}, f"accounts.tasks.{name}")["queue"].name for name in ("backup", "clear_sessions")))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("given", "queues"), [({}, "celery celery"), ({"BACKUP_QUEUE": "backup"}, "backup celery")])
def test_a_backup_waits_in_the_queue_that_one_worker_takes(given, queues):
    env = {name: value for name, value in os.environ.items() if name != "BACKUP_QUEUE"}
    env |= {"DJANGO_SETTINGS_MODULE": "tests.settings", "CELERY_QUEUE": "celery"} | given
    done = subprocess.run([sys.executable, "-c", QUEUE], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == queues, done.stderr
