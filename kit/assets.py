"""Addresses of the built front-end files, from the manifest that the build writes beside them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured


def console_asset(name: str) -> str:
    """The address of a file of `static/console/`, e.g. "shell.js" -> "/static/console/shell.0123456789ab.js".

    Built names carry a hash of their content, so they are served as they are: no second hash by the static files storage.
    Raises ImproperlyConfigured when the console is not built or has no such file.
    """
    files = _read(_manifest_path()) if settings.DEBUG else _manifest()
    try:
        return f"{settings.STATIC_URL}console/{files[name]}"
    except KeyError:
        raise ImproperlyConfigured(
            f"static/console/ holds no {name}: it has {', '.join(sorted(files))}; run `npm run build:console`"
        ) from None


@cache
def _manifest() -> dict[str, str]:
    return _read(_manifest_path())


def _manifest_path() -> str:
    collected = Path(settings.STATIC_ROOT) / "console" / "manifest.json"
    found = finders.find("console/manifest.json")
    if isinstance(found, str):
        return found
    if collected.is_file():
        return str(collected)
    raise ImproperlyConfigured("the console's front end is not built; run `npm ci && npm run build:console`")


def _read(path: str) -> dict[str, str]:
    files: dict[str, str] = json.loads(Path(path).read_text(encoding="utf-8"))
    return files
