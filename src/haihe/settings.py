"""Django settings of a district. Everything an installation may choose is declared once in SETTINGS below and read from the
environment; docs/reference/settings.md is generated from it.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from haihe import database
from haihe.kernel.errors import ConfigurationError

if TYPE_CHECKING:
    from haihe.kernel.feeds.gateway import Limits


@dataclass(frozen=True)
class Setting:
    """One choice of an installation: its environment variable, default, allowed values and a sentence."""

    name: str
    default: str
    values: str
    sentence: str


SETTINGS = (
    Setting(
        "HAIHE_HOME",
        "haihe-data",
        "folder",
        "Where the database, evidence files, keys and checkpoints of this district lie.",
    ),
    Setting(
        "HAIHE_DATABASE_URL",
        "",
        "postgresql://…",
        "PostgreSQL that keeps the records instead of SQLite under HAIHE_HOME; {home} in the name stands for a name made from HAIHE_HOME.",
    ),
    Setting(
        "HAIHE_HOST",
        "127.0.0.1",
        "address",
        "Address the web server binds to; put a TLS proxy in front before opening it.",
    ),
    Setting("HAIHE_PORT", "8000", "1–65535", "Port of the web server."),
    Setting(
        "HAIHE_URL", "", "https://…", "Public address; naming one switches on secure cookies, HSTS and the host check."
    ),
    Setting("HAIHE_DEBUG", "0", "0 or 1", "Development only: detailed error pages."),
    Setting("HAIHE_PACKS", "all", "all, none or names by comma", "Which installed packs run."),
    Setting("HAIHE_PLANS", "", "folder", "Folder with the five public plan documents that some tests and figures use."),
    Setting(
        "HAIHE_LAKE_URL",
        "",
        "folder or s3://bucket/folder",
        "Where observations are kept for long (the lake); default: lake/ under HAIHE_HOME. On object storage: docs/how-to/object-storage.md "
        "(extra `objects`; address and keys in AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY). A backup holds it as lake/ wherever it lies.",
    ),
    Setting(
        "HAIHE_STREAM_URL",
        "",
        "nats://a:4222,nats://b:4222,nats://c:4222",
        "NATS JetStream that keeps the journal instead of a file under HAIHE_HOME (docs/how-to/scale-out.md); needs the extra `stream`.",
    ),
    Setting(
        "HAIHE_STREAM_NAME",
        "haihe",
        "letters, digits, - and _",
        "Begins the names of this district's streams; another one for each district of a cluster, and after a restore.",
    ),
    Setting(
        "HAIHE_STREAM_PARTITIONS", "4", "1–64", "Streams over which things are spread; fixed when the streams are made."
    ),
    Setting(
        "HAIHE_WORKERS",
        "1",
        "1–64",
        "Processes that evaluate rules and feed the lake; more than one needs HAIHE_STREAM_URL, each works on its share of the partitions.",
    ),
    Setting("HAIHE_DISTRICT", "望河区（演示）", "text", "Name of the district on every page."),
    Setting("HAIHE_SESSION_HOURS", "8", "1–72", "Hours after the last action until a person must sign in again."),
    Setting("HAIHE_UPLOAD_MB", "50", "1–500", "Largest file that may be uploaded, in megabytes."),
    Setting("HAIHE_FEED_HOST", "127.0.0.1", "address", "Address on which devices are listened to."),
    Setting(
        "HAIHE_FEED_ADDRESS",
        "",
        "address",
        "Address under which devices reach this gateway, told to those that are asked for files; default: asked for each time.",
    ),
    Setting(
        "HAIHE_FEED_PORTS",
        "",
        "jt808=7611,…",
        "Port of each field protocol; 0 switches one off. Default: each protocol's own port.",
    ),
    Setting("HAIHE_FEED_CONNECTIONS", "20000", "10–1000000", "Devices that may be connected at once."),
    Setting(
        "HAIHE_FEED_FRAMES_PER_S",
        "200",
        "1–1000000",
        "Frames a second of one device, on average; a faster one is read later, not cut off.",
    ),
    Setting(
        "HAIHE_FEED_IDLE_S", "600", "5–86400", "Seconds without a whole frame after which a device counts as gone."
    ),
    Setting("HAIHE_FEED_AUTHENTICATE_S", "60", "1–3600", "Seconds that a device may take to say who it is."),
    Setting(
        "HAIHE_MAP",
        "",
        "file",
        "Base map of the district: GeoJSON in WGS 84; default: the map of the fictional district.",
    ),
    Setting(
        "HAIHE_TILES",
        "",
        "https://…/{z}/{x}/{y}",
        "Address of map tiles, such as those of 天地图; none by default, and then nothing loads from elsewhere.",
    ),
    Setting(
        "HAIHE_CHECKPOINTS",
        "",
        "folder",
        "Where signed audit checkpoints are written; default: audit/ under HAIHE_HOME. Name a place that the database's administrator cannot write.",
    ),
    Setting(
        "HAIHE_SMTP_URL",
        "",
        "smtp://user:password@host:587 (STARTTLS), smtps://…, smtp+plain://…",
        "Mail server for messages to accounts that entered an address; without one no mail is sent.",
    ),
    Setting("HAIHE_SMTP_FROM", "haihe@localhost", "mail address", "Sender of those mails."),
    Setting(
        "HAIHE_WEBHOOK_URL",
        "",
        "http(s)://…",
        "Address that gets every message as a JSON POST, such as a gateway to short messages or a work chat.",
    ),
    Setting(
        "HAIHE_WEBHOOK_KEY",
        "",
        "text",
        "Signs each message: X-Haihe-Signature is the HMAC-SHA256 of its time and body (kernel/notices/channels.py).",
    ),
    Setting(
        "HAIHE_WEBHOOK_SHAPE", "json", "json or wecom", "Shape of that body: Haihe's own, or a WeCom text message."
    ),
)
_DECLARED = {setting.name: setting for setting in SETTINGS}


def value_of(name: str) -> str:
    """The value of a declared setting; an undeclared name is a programming error and raises KeyError."""
    return os.environ.get(name, _DECLARED[name].default)


def _whole_number(name: str, low: int, high: int) -> int:
    written = value_of(name)
    try:
        number = int(written)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise ConfigurationError(
            f"设置 {name} 的值“{written}”无效，应为 {low}–{high} 的整数。",
            f"{name}={written!r} is not a whole number from {low} to {high}.",
            where=name,
            to_do_zh="请更正该环境变量后重试。",
            to_do_en="Correct this environment variable and start again.",
        )
    return number


def feed_limits() -> Limits:
    """The bounds of the gateway as the settings say."""
    from haihe.kernel.feeds.gateway import Limits

    rate = _whole_number("HAIHE_FEED_FRAMES_PER_S", 1, 1_000_000)
    return Limits(
        connections=_whole_number("HAIHE_FEED_CONNECTIONS", 10, 1_000_000), frames_per_s=rate, burst_frames=10 * rate,
        idle_s=_whole_number("HAIHE_FEED_IDLE_S", 5, 86_400), authenticate_s=_whole_number("HAIHE_FEED_AUTHENTICATE_S", 1, 3_600),
    )  # fmt: skip


def _one_of(name: str, choices: tuple[str, ...]) -> str:
    written = value_of(name)
    if written not in choices:
        raise ConfigurationError(
            f"设置 {name} 的值“{written}”无效。", f"{name}={written!r} is not one of {', '.join(choices)}.", where=name,
            to_do_zh=f"可选：{'、'.join(choices)}。", to_do_en="Correct this environment variable and start again.",
        )  # fmt: skip
    return written


def _stream_name() -> str:
    written = value_of("HAIHE_STREAM_NAME")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", written):
        raise ConfigurationError(
            f"设置 HAIHE_STREAM_NAME 的值“{written}”无效。", f"HAIHE_STREAM_NAME={written!r} cannot begin the name of a stream.",
            where="HAIHE_STREAM_NAME", to_do_zh="请用 1–40 个字母、数字、- 或 _。", to_do_en="Use 1 to 40 letters, digits, - or _.",
        )  # fmt: skip
    return written


def _workers() -> int:
    count = _whole_number("HAIHE_WORKERS", 1, 64)
    if count > 1 and not value_of("HAIHE_STREAM_URL"):
        raise ConfigurationError(
            "没有消息流时只能有一个后台进程。", "Without a stream there is one journal, and one worker.", where="HAIHE_WORKERS",
            to_do_zh="请设 HAIHE_STREAM_URL，或去掉 HAIHE_WORKERS。", to_do_en="Set HAIHE_STREAM_URL, or leave HAIHE_WORKERS out.",
        )  # fmt: skip
    if count > _whole_number("HAIHE_STREAM_PARTITIONS", 1, 64):
        raise ConfigurationError(
            "后台进程比分区多，多出的没有事做。", "There are more workers than partitions.", where="HAIHE_WORKERS",
            to_do_zh="请减少 HAIHE_WORKERS。", to_do_en="Lower HAIHE_WORKERS.",
        )  # fmt: skip
    return count


HOME = Path(value_of("HAIHE_HOME")).expanduser().resolve()
DISTRICT = value_of("HAIHE_DISTRICT")
MAP = value_of("HAIHE_MAP")
TILES = value_of("HAIHE_TILES")
PUBLIC_URL = value_of("HAIHE_URL").rstrip("/")
PORT = _whole_number("HAIHE_PORT", 1, 65535)
UPLOAD_LIMIT_BYTES = _whole_number("HAIHE_UPLOAD_MB", 1, 500) * 1024 * 1024
CHECKPOINT_FOLDER = Path(value_of("HAIHE_CHECKPOINTS") or HOME / "audit").expanduser()
EVIDENCE_FOLDER = HOME / "evidence"
LAKE_URL = value_of("HAIHE_LAKE_URL")
STREAM_URL = value_of("HAIHE_STREAM_URL")
STREAM_NAME = _stream_name()
STREAM_PARTITIONS = _whole_number("HAIHE_STREAM_PARTITIONS", 1, 64)
WORKERS = _workers()
SMTP_URL, SMTP_FROM = value_of("HAIHE_SMTP_URL"), value_of("HAIHE_SMTP_FROM")
WEBHOOK_URL, WEBHOOK_KEY = value_of("HAIHE_WEBHOOK_URL"), value_of("HAIHE_WEBHOOK_KEY")
WEBHOOK_SHAPE = _one_of("HAIHE_WEBHOOK_SHAPE", ("json", "wecom"))


def secret_from_file(name: str) -> str:
    """A random secret kept in HAIHE_HOME with access for its owner only; made on first use, also by parallel processes."""
    path = HOME / name
    if not path.exists():
        HOME.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f"{name}.{os.getpid()}.new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            # link() fails when another process was first, so that both then read the same secret.
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()


# --- Django ---------------------------------------------------------------------------------------------------------

SECRET_KEY = secret_from_file("secret.key")
DEBUG = value_of("HAIHE_DEBUG") == "1"
ALLOWED_HOSTS = [PUBLIC_URL.split("://", 1)[-1].split("/", 1)[0].split(":", 1)[0]] if PUBLIC_URL else []
ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []

from haihe.kernel.packs import enabled_packs  # noqa: E402  (packs.py holds no model: it is imported before the registry is ready)

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "haihe.kernel",
    *enabled_packs(value_of("HAIHE_PACKS")),
    "haihe.web",
]

MIDDLEWARE = [
    "haihe.web.middleware.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "haihe.web.middleware.OnlyText",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "haihe.web.middleware.SessionRules",
    "haihe.web.middleware.ErrorPages",
]

ROOT_URLCONF = "haihe.web.urls"
ASGI_APPLICATION = "haihe.web.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "haihe.web.context.district",
            ],
            "builtins": ["haihe.web.templatetags.haihe"],
        },
    }
]

DATABASES = {"default": database.configuration(value_of("HAIHE_DATABASE_URL"), HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "kernel.Account"
AUTHENTICATION_BACKENDS = ["haihe.kernel.identity.PasswordBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "display_name")},
    },
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"

SESSION_COOKIE_AGE = _whole_number("HAIHE_SESSION_HOURS", 1, 72) * 3600
SESSION_SAVE_EVERY_REQUEST = False  # SessionRules renews it, so that live updates do not keep a session alive
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
if PUBLIC_URL.startswith("https://"):
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 20

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

LOGGING_CONFIG = None  # structlog is set up by haihe.runtime
