#!/usr/bin/env python3
"""`make run`: bring the database up to date, fill an empty one with the demo school, start the three processes."""

import os
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT))


def prepare_address() -> str:
    """Say where the server listens, through the environment that gunicorn and the settings read."""
    if os.environ.get("TLS") == "1":
        return prepare_tls(int(os.environ.get("PORT", "8443")))
    port = int(os.environ.get("PORT", "8000"))
    os.environ["YIDANG_BIND"] = f"127.0.0.1:{port}"
    refuse_busy("127.0.0.1", port)
    return f"http://127.0.0.1:{port}/"


def prepare_tls(port: int) -> str:
    from tls import certificate  # needs the packages of the set-up

    names, cert, key = certificate(Path(os.environ.get("YIDANG_VAR", ROOT / "var")) / "tls")
    os.environ |= {"YIDANG_BIND": f"0.0.0.0:{port}", "YIDANG_CERT": str(cert), "YIDANG_KEY": str(key)}
    os.environ |= {"YIDANG_PLAIN_HTTP": "0", "ALLOWED_HOSTS": ",".join(names)}
    refuse_busy("0.0.0.0", port)  # noqa: S104 -- asked for by TLS=1
    return "\n  ".join(f"https://{name}:{port}/" for name in names)


def refuse_busy(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            sys.exit(f"Port {port} is in use. Stop what uses it, or choose another: make run PORT={port + 1}")


def prepare_database() -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", verbosity=1 if sys.stdout.isatty() else 0, interactive=False)
    call_command("createcachetable", verbosity=0)
    if settings.EMBEDDED:  # never the demo school in a database that somebody else runs
        call_command("demo", if_empty=True)
        call_command("demo", accounts=True)


def main() -> None:
    os.chdir(ROOT)
    os.umask(0o077)
    address = prepare_address()
    prepare_database()
    print(f"\n一档 Yidang\n  {address}\n  Ctrl-C 停止 · stops it\n", flush=True)
    # Celery warns a worker that runs as root, whom nobody asks here; messages are JSON, so nothing in them is run.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:You're running the worker")
    os.environ["PATH"] = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
    honcho = ["honcho", "start", "--procfile", ".ci/Procfile", "--env", os.devnull, "--app-root", str(ROOT)]
    os.execv(BIN / "honcho", honcho)  # noqa: S606 -- one process less between Ctrl-C and the three


if __name__ == "__main__":
    main()
