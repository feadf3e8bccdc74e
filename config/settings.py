"""All settings, from the environment. `make setup` writes var/yidang.env for the embedded default."""

from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
VAR_DIR = Path(env.str("YIDANG_VAR", default=str(BASE_DIR / "var")))
if (VAR_DIR / "yidang.env").exists():
    env.read_env(str(VAR_DIR / "yidang.env"))


def required(name: str) -> str:
    if value := env.str(name, default=""):
        return value
    raise ImproperlyConfigured(f"{name} is not set. Run `make setup`, which writes {VAR_DIR}/yidang.env, or set it.")


# --- the machine ----------------------------------------------------------------------------------------------------
SECRET_KEY = required("DJANGO_SECRET_KEY")
FIELD_KEYS = required("FIELD_KEYS")
FINGERPRINT_KEY = required("FINGERPRINT_KEY")
DEBUG = env.bool("DJANGO_DEBUG", default=False)
EMBEDDED = env.bool("YIDANG_EMBEDDED", default="DATABASE_URL" not in env)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
WEB_PROCESSES = env.int("WEB_PROCESSES", default=1)  # .ci/gunicorn.py starts as many
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name hosts; '*' would accept forged Host headers.")
# Plain http is for this machine alone (make run); everything else is https.
PLAIN_HTTP = env.bool("YIDANG_PLAIN_HTTP", default=EMBEDDED)
if DEBUG and not (EMBEDDED and PLAIN_HTTP):
    raise ImproperlyConfigured(
        "DJANGO_DEBUG shows source and settings to everybody: only for `make run` on this machine."
    )
if not EMBEDDED and (len(SECRET_KEY) < 32 or len(set(SECRET_KEY)) < 8 or SECRET_KEY.startswith("django-insecure-")):
    raise ImproperlyConfigured("DJANGO_SECRET_KEY can be guessed. Make a new one: openssl rand -base64 48")

INSTALLED_APPS = [
    "config",
    "accounts",
    "students",
    "care_plans",
    "referrals",
    "family_contact",
    "reports",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "guardian",
    "simple_history",
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    "django_htmx",
    "template_partials",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.PageMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "students.stopping.ReadingMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.shell",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "accounts.templatetags.yidang"],
        },
    },
]

# --- database -------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # WAL lets pages read while a note is written; IMMEDIATE takes the write lock at once, so no "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 60,  # seconds; SQLite's queue is not fair: at 20, one of twenty busy writers was turned away (measured)
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"].update(CONN_MAX_AGE=300, CONN_HEALTH_CHECKS=True)
    # Compiling a statement takes PostgreSQL longer than any statement of a page takes to run (measured: 0.3 s for 10 ms).
    # A school's rows lie in memory or on flash, where one page costs about as much as the next.
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c jit=off -c random_page_cost=1.1"
# The role that pages and tasks use, when another one migrates: students.append_only keeps it from changing the read log.
APP_ROLE = env.str("YIDANG_APP_ROLE", default="")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": env.str("REDIS_CACHE_URL")}
    if "REDIS_CACHE_URL" in env
    else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache_table"}
}

# --- who signs in ---------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["students.access.GrantBackend", "allauth.account.auth_backends.AuthenticationBackend"]
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # students.access.GrantBackend is guardian's backend, with dates
ANONYMOUS_USER_NAME = None  # django-guardian would otherwise create an active user row
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["employee_no", "username", "display_name"]},
    },
    {"NAME": "accounts.passwords.NamesValidator"},
]
ACCOUNT_ADAPTER = "accounts.adapter.Adapter"
ACCOUNT_FORMS = {"login": "accounts.forms.LoginForm", "change_password": "accounts.forms.ChangePasswordForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]  # nobody signs up, and nobody has a mail address
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True  # 12 h, also when a phone's browser is closed between two lessons
# Sixty colleagues sign in from one address within a minute, so wrong passwords count per account, never per address.
ACCOUNT_RATE_LIMITS = {"login": "600/m/ip", "login_failed": "10/15m/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env.bool("BEHIND_PROXY", default=False) else 0
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "reports:home"

SESSION_COOKIE_AGE = 12 * 60 * 60  # absolute; the 30-minute reading lock is accounts.middleware
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "accounts.views.csrf_failure"

# --- the wire -------------------------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not PLAIN_HTTP
SESSION_COOKIE_NAME = "sessionid" if PLAIN_HTTP else "__Host-sessionid"
CSRF_COOKIE_NAME = "csrftoken" if PLAIN_HTTP else "__Host-csrftoken"
DEVICE_COOKIE_NAME = "device" if PLAIN_HTTP else "__Host-device"
SECURE_SSL_REDIRECT = not PLAIN_HTTP
# Not for `make run TLS=1`: a browser would refuse http://localhost for a year, whatever serves it.
SECURE_HSTS_SECONDS = 0 if PLAIN_HTTP or EMBEDDED else 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_HSTS_SECONDS > 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "style-src": [SELF],
        "script-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- words ----------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

# --- files ----------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = EMBEDDED
PRIVATE_ROOT = Path(env.str("PRIVATE_ROOT", default=str(VAR_DIR / "private")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing may land under a public path
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": PRIVATE_ROOT,
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if EMBEDDED
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
        # Collected by one user and served by another (Dockerfile); FILE_UPLOAD_PERMISSIONS would forbid that.
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}
LEAST_FREE_MB = env.int("LEAST_FREE_MB", default=2048)  # below it the health page turns red
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
PHOTO_QUOTA_MB = env.int("PHOTO_QUOTA_MB", default=500)  # of one person within 30 days; a photo takes about 0.7
# A command that reads a file from its input and ends with 0 if it is clean: "clamdscan --no-summary -". Empty: no scanner.
UPLOAD_SCANNER = env.str("UPLOAD_SCANNER", default="")

# Different students outside one's own classes and cases whose files one person may open within an hour; 0 stops nobody.
READING_CAP = env.int("READING_CAP", default=120)

# --- backups --------------------------------------------------------------------------------------------------------
# Not required: only who makes or restores a backup needs the key, and a backup without one fails where all can see it.
BACKUP_KEY = env.str("BACKUP_KEY", default="")
BACKUP_ROOT = Path(env.str("BACKUP_ROOT", default=str(VAR_DIR / "backups")))
BACKUP_KEEP = env.int("BACKUP_KEEP", default=14)  # archives: one a night
PG_BIN = env.str(
    "YIDANG_PG_BIN", default=""
)  # the folder of pg_dump and pg_restore, where they are not found by themselves

# --- work in the background -----------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://localhost")
CELERY_TASK_TIME_LIMIT = 15 * 60
CELERY_TASK_SOFT_TIME_LIMIT = 14 * 60
if CELERY_BROKER_URL.startswith("filesystem"):
    BROKER_DIR = VAR_DIR / "broker"
    for folder in ("queue", "processed", "control"):
        (BROKER_DIR / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "processed_folder": str(BROKER_DIR / "processed"),
        "control_folder": str(BROKER_DIR / "control"),
        "store_processed": False,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 2 * CELERY_TASK_TIME_LIMIT,
        # A Redis that hangs holds neither the page that asks for a document nor the worker.
        "socket_connect_timeout": 5,
        "socket_timeout": 5,
    }
CELERY_TASK_DEFAULT_QUEUE = env.str("CELERY_QUEUE", default="celery")
# Where workers stand on several hosts one of them makes the backups: it takes this queue besides (docs/deploy/several-hosts.yml).
BACKUP_QUEUE = env.str("BACKUP_QUEUE", default=CELERY_TASK_DEFAULT_QUEUE)
CELERY_TASK_ROUTES = {"accounts.tasks.backup": {"queue": BACKUP_QUEUE}}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True  # acks_late alone loses the task when the pool's child dies
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_DIRECT = True  # each worker has a queue of its own, where `manage.py watch` asks it whether it lives
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "clear-sessions": {"task": "accounts.tasks.clear_sessions", "schedule": 3600.0},
    "sweep-jobs": {"task": "reports.tasks.sweep", "schedule": 30.0},
    "expire-files": {"task": "reports.tasks.expire_files", "schedule": 3600.0},
    "expire-drafts": {"task": "students.tasks.expire_drafts", "schedule": 3600.0},
    "expire-answer-sheets": {"task": "students.tasks.expire_answer_sheets", "schedule": 3600.0},
    "watch-reading": {"task": "students.tasks.watch_reading", "schedule": 60.0},
    "check-grants": {"task": "students.tasks.check_grants", "schedule": crontab(hour=3, minute=40)},
    "seal-audit": {"task": "students.tasks.seal_audit", "schedule": 600.0},
    "sweep-imports": {"task": "students.tasks.sweep_imports", "schedule": 30.0},
    "raise-signals": {"task": "students.tasks.raise_all_signals", "schedule": crontab(hour=5, minute=20)},
    # Where the machine is off at night, the scheduler makes up for it when it starts.
    "backup": {"task": "accounts.tasks.backup", "schedule": crontab(hour=2, minute=30)},
    "heartbeat": {"task": "reports.tasks.heartbeat", "schedule": 60.0, "options": {"expires": 120}},
}
for entry in CELERY_BEAT_SCHEDULE.values():  # where no worker is, they do not pile up
    often = isinstance(entry["schedule"], float)  # and not once a night
    entry.setdefault("options", {"expires": 10 * entry["schedule"] if often else 12 * 3600})

# --- what is told ---------------------------------------------------------------------------------------------------
LOG_FORMAT = env.str("LOG_FORMAT", default="lines" if EMBEDDED else "json")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {"()": "config.logging.Quiet", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "config.logging.Json"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
