"""Settings of one environment's processes, read once from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from gateway.logs import LOGGING as LOGGING
from kit import env
from kit.client_address import TrustedProxies
from kit.databases import from_url

BASE_DIR = Path(__file__).resolve().parent.parent

# -- what this process is ---------------------------------------------------------------------------------------------

GATEWAY_ENVIRONMENT = env.text("GATEWAY_ENVIRONMENT", example="test")
if GATEWAY_ENVIRONMENT not in {"test", "live"}:
    raise env.MissingSetting("GATEWAY_ENVIRONMENT", "is neither test nor live", "test")

#: Base under which visitors reach this environment; the only source of absolute addresses (never the Host header).
GATEWAY_PUBLIC_URL = env.text("GATEWAY_PUBLIC_URL", example="https://chat-test.example.com").rstrip("/")
#: The console: may frame the test page and the chat window, and open the agent pane.
GATEWAY_CONSOLE_URL = env.text("GATEWAY_CONSOLE_URL", "", example="https://console.example.com").rstrip("/")
#: Keys of the publishers whose snapshots are taken (JWK set), and this environment's own (private JWK set).
GATEWAY_PUBLISHER_KEYS = env.json(
    "GATEWAY_PUBLISHER_KEYS", example='{"keys":[{"kty":"OKP","crv":"Ed25519",…}]}'
)
GATEWAY_DECRYPTION_KEYS = env.json(
    "GATEWAY_DECRYPTION_KEYS", example='{"keys":[{"kty":"OKP","crv":"X25519",…}]}'
)
#: Brand numbers taken, or `*` for every brand of these publishers.
GATEWAY_BRANDS = frozenset(env.csv("GATEWAY_BRANDS", ("*",), example="1009,2020"))
if not all(brand == "*" or brand.isdecimal() for brand in GATEWAY_BRANDS):
    raise env.MissingSetting("GATEWAY_BRANDS", "is neither * nor a comma list of numbers", "1009,2020")
#: Seconds between two comparisons with the database, for the notification that got lost.
GATEWAY_POLL_SECONDS = env.integer("GATEWAY_POLL_SECONDS", 5)
#: Connections to PostgreSQL a process may hold, besides the one that listens.
GATEWAY_POOL_SIZE = env.integer("GATEWAY_POOL_SIZE", 8)
#: Seconds of silence after which a visitor's socket is let go; clients beat their heart every 15, hidden tabs once a minute.
GATEWAY_IDLE_SECONDS = env.integer("GATEWAY_IDLE_SECONDS", 300)
#: Memory for channels in other languages than their own, in MB (one process; gateway.published, Shelf).
GATEWAY_LOCALE_PAGES_MB = env.integer("GATEWAY_LOCALE_PAGES_MB", 64)
TRUSTED_PROXIES = TrustedProxies.parse(env.csv("TRUSTED_PROXIES", (), example="10.0.0.0/8,unix"))

#: Days for which counts of rules met are kept where the console has not fetched them; 0: nothing is counted.
ADDRESS_RETENTION_DAYS = env.integer("ADDRESS_RETENTION_DAYS", 30)

#: Keys of what is kept encrypted here, the newest first; the one made of GATEWAY_SECRET_KEY always opens as well.
GATEWAY_FIELD_ENCRYPTION_KEYS = env.csv(
    "GATEWAY_FIELD_ENCRYPTION_KEYS", (), example="32-bytes-in-url-safe-base64"
)
#: Whether sign-in providers may lie on this very machine, without https; never in live.
ALLOW_LOOPBACK_PROVIDERS = GATEWAY_ENVIRONMENT == "test" and env.boolean("ALLOW_LOOPBACK_PROVIDERS", False)
#: Seconds between two looks for sign-ins whose tokens are due.
GATEWAY_REFRESH_SECONDS = env.integer("GATEWAY_REFRESH_SECONDS", 10)
#: Seconds between two looks for conversations that are kept no longer.
GATEWAY_RETENTION_SECONDS = env.integer("GATEWAY_RETENTION_SECONDS", 600)
#: Seconds between two looks for files that nobody holds any more.
GATEWAY_SWEEP_SECONDS = env.integer("GATEWAY_SWEEP_SECONDS", 60)

#: Seconds between two looks for live conversations whose visitor has left, and for those whose agent has.
GATEWAY_INACTIVITY_SECONDS = env.integer("GATEWAY_INACTIVITY_SECONDS", 5)
#: Seconds without a sign of life after which an agent counts as gone, and what they left alone waits again; 0: never.
GATEWAY_ABSENT_SECONDS = env.integer("GATEWAY_ABSENT_SECONDS", 120)
#: Seconds after which an agent desk is asked for a sign of life.
GATEWAY_DESK_ASK_SECONDS = env.integer("GATEWAY_DESK_ASK_SECONDS", 15)

# -- visitors' files --------------------------------------------------------------------------------------------------

#: Where files lie, and where they are put together while they come.
GATEWAY_FILES_DIR = Path(
    env.text("GATEWAY_FILES_DIR", str(BASE_DIR / ".local" / "files" / GATEWAY_ENVIRONMENT), example="/files")
)
#: A bucket instead of the folder. Its credentials are boto3's own: AWS_ACCESS_KEY_ID and so on, or the machine's role.
GATEWAY_FILES_S3_BUCKET = env.text("GATEWAY_FILES_S3_BUCKET", "")
#: clamd's address, host:port or a socket's path. Once set, a file that could not be scanned is not taken.
CLAMAV_ADDRESS = env.text("CLAMAV_ADDRESS", "", example="clamav:3310")
#: Megabytes of one channel's files that may wait for the message they belong to.
GATEWAY_UNCLAIMED_MB = env.integer("GATEWAY_UNCLAIMED_MB", 2048)
#: Files a network address may send at once; from then on one every two seconds.
GATEWAY_UPLOAD_BURST = env.integer("GATEWAY_UPLOAD_BURST", 30)
#: Seconds an address of a file in a message can be opened; each look at the conversation makes new ones.
GATEWAY_FILE_LINK_SECONDS = env.integer("GATEWAY_FILE_LINK_SECONDS", 12 * 3600)


def _s3_ways() -> dict[str, Any]:
    """How a bucket's client works; its modules are there to be loaded where there is a bucket."""
    from boto3.s3.transfer import TransferConfig  # type: ignore[import-untyped]  # noqa: PLC0415
    from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415

    return {
        # A visitor who sends a file hears within seconds that the store is away.
        "client_config": Config(
            connect_timeout=3, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 2}
        ),
        # Each part on its way is 8 MB in memory, and by default there are ten.
        "transfer_config": TransferConfig(max_concurrency=2),
        # What is read comes by way of the disk: by default the whole of a file would lie in memory.
        "max_memory_size": 256 * 1024,
    }


STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": GATEWAY_FILES_S3_BUCKET,
            "endpoint_url": env.text("GATEWAY_FILES_S3_ENDPOINT", "") or None,
            "region_name": env.text("GATEWAY_FILES_S3_REGION", "") or None,
            "location": GATEWAY_ENVIRONMENT,
            "default_acl": None,
            "file_overwrite": False,
            **_s3_ways(),
        },
    }
    if GATEWAY_FILES_S3_BUCKET
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": str(GATEWAY_FILES_DIR),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }
}

# -- Django -----------------------------------------------------------------------------------------------------------

SECRET_KEY = env.text("GATEWAY_SECRET_KEY", example="fifty random characters")
DEBUG = env.boolean("DEBUG", False)
# The Host header decides nothing here: every absolute address is made from GATEWAY_PUBLIC_URL, and the console pushes
# under a private name.
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = ["gateway"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "gateway.urls"
ASGI_APPLICATION = "gateway.asgi.application"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {}}]

DATABASE_SCHEMA = f"gateway_{GATEWAY_ENVIRONMENT}"
#: As libpq reads it, with the tables' schema in front.
GATEWAY_DATABASE_URL = env.text(
    "GATEWAY_DATABASE_URL", example="postgresql://gateway:secret@db:5432/gateway_{environment}"
).replace("{environment}", GATEWAY_ENVIRONMENT)

DATABASES = {
    "default": from_url(GATEWAY_DATABASE_URL, options={"options": f"-c search_path={DATABASE_SCHEMA}"})
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", example="redis://127.0.0.1:6379/0")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [{"address": REDIS_URL, "socket_connect_timeout": 2}],
            # Environments may share one Redis; pub/sub knows no database numbers.
            "prefix": f"gateway:{GATEWAY_ENVIRONMENT}:",
        },
    }
}

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("French")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "gateway" / "locale"]

#: Where the widget's build lies.
WIDGET_DIR = BASE_DIR / "static" / "widget"

# Bodies are measured before Django sees them (gateway.asgi).
DATA_UPLOAD_MAX_MEMORY_SIZE = None
SILENCED_SYSTEM_CHECKS = [
    # These ask for middleware that guards cookies and sessions; an environment sets neither.
    "security.W001",
    "security.W002",
    "security.W003",
    "security.W004",
    "security.W008",
]
