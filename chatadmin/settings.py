"""Settings of the console, its worker and beat; every value of an installation comes from the process environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF

from kit import env
from kit.databases import from_url

BASE_DIR = Path(__file__).resolve().parent.parent

CONFIG_AREAS = [
    "guide.area.AREA",
    "channels_config.area.AREA",
    "surveys.area.AREA",
    "translations.area.AREA",
    "file_restrictions.area.AREA",
    "ipblocking.area.AREA",
    "auth_config.area.AREA",
    "live_chat.area.AREA",
]
RELEASE_LISTENERS = ["api.webhooks.heard"]
CONFIG_PUBLISHER = "publishing.services.publish"
CONFIG_COMPILER = "publishing.compile.draft_document"
CONFIG_SAVED = "publishing.states.saved_sections"
CONFIG_RETIRER = "publishing.services.retire"
CSS_OVERRIDES = "guide.overrides.of_channel"
CONFIG_STATES = "publishing.states.states"
CONFIG_LAST_SAVE = "publishing.states.last_save"
CONFIG_SAVES_SINCE = "publishing.states.saves_since"
CONFIG_VISITORS = "translations.visitors.Visitors"
CONFIG_COUNT_PLACES = "publishing.counts.places"
CONFIG_COUNTS = "publishing.counts.fetch"
CONFIG_OUTBOX = "publishing.outbox.fetch"

DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY", example="50-random-characters")
CONSOLE_URL = env.text("CONSOLE_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = list(
    env.csv(
        "ALLOWED_HOSTS",
        default=(urlsplit(CONSOLE_URL).hostname or "localhost", "localhost", "127.0.0.1", "[::1]"),
    )
)
TRUSTED_PROXIES = list(env.csv("TRUSTED_PROXIES", default=()))
#: Days after its last hit for which a blocked address keeps its counter; 0: nothing is counted.
ADDRESS_RETENTION_DAYS = env.integer("ADDRESS_RETENTION_DAYS", default=30)

# -- Environments -----------------------------------------------------------------------------------------------------

PUBLISHING_SIGNING_KEY = env.text(
    "PUBLISHING_SIGNING_KEY", example='{"kty":"OKP","crv":"Ed25519","d":"…","x":"…"}'
)


def _environment(name: str, port: int) -> dict[str, Any]:
    public_url = env.text(f"{name.upper()}_ENV_URL", default=f"http://127.0.0.1:{port}").rstrip("/")
    return {
        "name": name,
        "public_url": public_url,
        "push_url": env.text(f"{name.upper()}_ENV_PUSH_URL", default=public_url).rstrip("/"),
        "encryption_key": env.text(
            f"{name.upper()}_ENV_ENCRYPTION_KEY", example='{"kty":"OKP","crv":"X25519","x":"…"}'
        ),
        # Several places with processes and a database each: [{"name": "ca", "push_url": "https://…", "public_url": "https://…"}]
        "regions": env.json(f"{name.upper()}_ENV_REGIONS", default=[]),
    }


ENVIRONMENTS = [_environment("test", 8001), _environment("live", 8002)]

#: Keys of secrets kept in the database, the newest first (kit.secrets). What is written uses the first, what is read any.
FIELD_ENCRYPTION_KEYS = env.csv("FIELD_ENCRYPTION_KEYS", example="32-bytes-in-url-safe-base64,the-one-before")
#: Whether sign-in providers may lie on this machine, and be called without https there: for trying things out.
ALLOW_LOOPBACK_PROVIDERS = env.boolean("ALLOW_LOOPBACK_PROVIDERS", default=False)

# -- Django -----------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "rest_framework",
    "kit",
    "accounts",
    "tenants",
    "audit",
    "areas",
    "channels_config",
    "surveys",
    "translations",
    "file_restrictions",
    "ipblocking",
    "auth_config",
    "guide",
    "live_chat",
    "publishing",
    "desk",
    "files",
    "api",
    "drf_spectacular",
    "chatadmin",
]

MIDDLEWARE = [
    "accounts.middleware.TrustedProxiesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.PreferencesMiddleware",
    "kit.error_pages.ErrorPagesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "areas.notes.NotesMiddleware",
    "chatadmin.errors.ChannelGoneMiddleware",
]

ROOT_URLCONF = "chatadmin.urls"
WSGI_APPLICATION = "chatadmin.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.static",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "chatadmin.context.shell",
            ],
        },
    }
]

DATABASES = {
    "default": {
        **from_url(
            env.text("DATABASE_URL", example="postgresql://chatadmin_app:secret@127.0.0.1:5432/chatadmin"),
            options={"application_name": "chatadmin"},
        ),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:sign_in"

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "chatadmin_language"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# A list of 400,000 addresses as text; two editors of 256 KB, urlencoded.
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "kit.uploads.BoundedUploadHandler",
]

# -- Security ---------------------------------------------------------------------------------------------------------

INSECURE_COOKIES = env.boolean("INSECURE_COOKIES", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = not INSECURE_COOKIES
SESSION_COOKIE_NAME = "chatadmin_session" if INSECURE_COOKIES else "__Host-chatadmin_session"
CSRF_COOKIE_NAME = "chatadmin_csrf" if INSECURE_COOKIES else "__Host-chatadmin_csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_TRUSTED_ORIGINS = [CONSOLE_URL]
CSRF_FAILURE_VIEW = "chatadmin.errors.csrf_failure"
SECURE_SSL_REDIRECT = not INSECURE_COOKIES
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 0 if INSECURE_COOKIES else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not INSECURE_COOKIES
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

_ENVIRONMENT_ORIGINS = [one["public_url"] for one in ENVIRONMENTS]
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF, *_ENVIRONMENT_ORIGINS],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# -- Background work --------------------------------------------------------------------------------------------------

REDIS_URL = env.text("REDIS_URL", example="redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Whoever sends a task is told at once that Redis is away, and goes on: the sweep delivers what a nudge could not announce.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "max_retries": 0,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 30,
    "retry_on_timeout": True,
    "visibility_timeout": 60,
    "global_keyprefix": "chatadmin:",
}
# A connection for each task would take longer than the task; tasks let go of those that broke (publishing.tasks).
CELERY_DB_REUSE_MAX = 1_000_000_000
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Threads: what may take its time is held to some of them (kit.background), so that a publication always finds one.
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = 12
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "imports": {"task": "files.tasks.sweep", "schedule": 2.0, "options": {"expires": 10}},
    "webhooks": {"task": "api.tasks.sweep", "schedule": 2.0, "options": {"expires": 10}},
    "surveys": {"task": "surveys.tasks.sweep", "schedule": 2.0, "options": {"expires": 10}},
    "sweep": {"task": "publishing.tasks.sweep", "schedule": 2.0, "options": {"expires": 10}},
    "addresses-sweep": {"task": "ipblocking.tasks.sweep", "schedule": 3.0, "options": {"expires": 10}},
    "addresses-hits": {"task": "ipblocking.tasks.collect_hits", "schedule": 5.0, "options": {"expires": 10}},
    "live-chat-collect": {"task": "live_chat.tasks.collect", "schedule": 3.0, "options": {"expires": 10}},
    "live-chat-mails": {"task": "live_chat.tasks.sweep", "schedule": 10.0, "options": {"expires": 20}},
    "addresses-forget": {
        "task": "ipblocking.tasks.forget_hits",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    "promotions": {"task": "publishing.tasks.promotions", "schedule": 2.0, "options": {"expires": 10}},
    "copies": {"task": "publishing.tasks.copies", "schedule": 15.0, "options": {"expires": 30}},
    "regions": {"task": "publishing.tasks.regions", "schedule": 60.0, "options": {"expires": 120}},
    "arrivals-forget": {
        "task": "publishing.tasks.forget_arrivals",
        "schedule": crontab(hour=3, minute=17),
        "options": {"expires": 3600},
    },
    "sessions-clear": {
        "task": "accounts.tasks.clear_sessions",
        "schedule": crontab(hour=3, minute=47),
        "options": {"expires": 3600},
    },
}

# -- E-mail -----------------------------------------------------------------------------------------------------------

EMAIL_HOST = env.text("EMAIL_HOST", "", example="smtp.example.com")
EMAIL_PORT = env.integer("EMAIL_PORT", default=587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.boolean("EMAIL_USE_TLS", default=EMAIL_PORT == 587)
EMAIL_USE_SSL = env.boolean("EMAIL_USE_SSL", default=EMAIL_PORT == 465)
EMAIL_TIMEOUT = env.integer("EMAIL_TIMEOUT", default=20)
#: Where e-mails are written as files while no server is named.
EMAIL_FILE_PATH = env.text("EMAIL_FILE_PATH", str(BASE_DIR / ".local" / "mail"))
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "django.core.mail.backends.filebased.EmailBackend"
)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "chat@localhost", example="Support <chat@example.com>")

# -- REST, logs -------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "api.problems.handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "chatadmin",
    "VERSION": "1",
    "DESCRIPTION": "Configure, test and publish web chat channels.",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "api.schema.complete"],
    "PREPROCESSING_HOOKS": ["api.schema.only_operations"],
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {"ChannelKindEnum": "channels_config.models.Channel.Kind"},
}
#: Requests a minute that one token may make of the REST API; half of them at once.
API_REQUESTS_PER_MINUTE = env.integer("API_REQUESTS_PER_MINUTE", default=1200)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.KeyValueRenderer(key_order=["level", "event"], sort_keys=True),
            ],
            "foreign_pre_chain": [structlog.stdlib.add_log_level],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", default="INFO")},
    "loggers": {"httpx": {"level": "WARNING"}, "httpcore": {"level": "WARNING"}},
}
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
