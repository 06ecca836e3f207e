"""A database's rows as files, and back: a backup that needs no client program and restores into another version of PostgreSQL.

    <folder>/manifest.json                 what it is of, which migrations, and of every table: columns, rows, SHA-256 of its file
             <table>.copy.gz               its rows as COPY writes them
             files/…                       an environment's files, where it keeps them in a folder

One snapshot (REPEATABLE READ) is read, so the rows fit together whatever is written meanwhile. Restoring goes into a database that
was migrated by the same version and has no rows yet, in one transaction: all of it, or nothing. Triggers rest meanwhile: the rows
are what they were, the links of the audit chain among them.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

FORMAT = 1
MANIFEST = "manifest.json"
FILES = "files"
#: Tables that migrations fill by themselves: their rows give way to the backup's.
_OF_DJANGO = ("django_migrations", "django_content_type", "auth_permission")

_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind = 'r' ORDER BY c.relname
"""
_COLUMNS = """
SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum
"""
_SEQUENCES = (
    "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() ORDER BY 1"
)
_REFERENCES = """
SELECT c.relname, f.relname FROM pg_constraint r
JOIN pg_class c ON c.oid = r.conrelid JOIN pg_class f ON f.oid = r.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND r.contype = 'f' AND c.oid <> f.oid
"""

Connection = psycopg.Connection[Any]


class NotRestorable(Exception):
    """Why nothing was restored, in a sentence."""


@dataclass(frozen=True)
class Counts:
    """How much a backup holds, or a restore brought back."""

    tables: int
    rows: int
    files: int = 0


def back_up(connection: Connection, folder: Path, *, of: str, files: Path | None = None) -> Counts:
    """Write everything of the connection's schema into a new folder, for its owner's eyes only.

    `of` names what it is a backup of. `connection` is idle and sees all rows. Raises FileExistsError.
    """
    folder.mkdir(mode=0o700, parents=True)
    tables: dict[str, Any] = {}
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for (table,) in connection.execute(_TABLES).fetchall():
            tables[table] = _write(connection, folder, table)
        sequences = dict(connection.execute(_SEQUENCES).fetchall())
        migrations = _migrations(connection)
    count = 0
    if files is not None and files.is_dir():
        # After the rows: what was uploaded meanwhile is a file too many, never one too few.
        shutil.copytree(files, folder / FILES, ignore=shutil.ignore_patterns("incoming"))
        count = sum(path.is_file() for path in (folder / FILES).rglob("*"))
    manifest = {
        "format": FORMAT,
        "of": of,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "migrations": migrations,
        "sequences": sequences,
        "tables": tables,
    }
    # The last thing written: a folder without it is no backup.
    _private(folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
    return Counts(len(tables), sum(one["rows"] for one in tables.values()), count)


def restore(connection: Connection, folder: Path, *, of: str, files: Path | None = None) -> Counts:
    """Bring a backup back into a database that was migrated and is empty. Raises NotRestorable, and then nothing has changed."""
    manifest = _read(folder, of)
    tables: Mapping[str, Any] = manifest["tables"]
    if files is not None and (folder / FILES).is_dir() and files.is_dir() and _holds_files(files):
        raise NotRestorable(f"There are files in {files} already; restore into an empty folder.")
    with connection.transaction():
        _must_fit(connection, manifest)
        order = _in_order(set(tables), connection.execute(_REFERENCES).fetchall())
        with _triggers_resting(connection, order):
            connection.execute("SET CONSTRAINTS ALL DEFERRED")
            for table in _OF_DJANGO[::-1]:
                if table in tables:
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for table in order:
                _load(connection, folder, table, tables[table])
            for name, value in manifest["sequences"].items():
                if value is not None:
                    connection.execute("SELECT setval(quote_ident(%s)::regclass, %s)", [name, value])
            # Now, not at the end: a table with checks still to come lets no trigger be switched.
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        count = 0
        if files is not None and (folder / FILES).is_dir():
            shutil.copytree(folder / FILES, files, dirs_exist_ok=True)
            count = sum(path.is_file() for path in (folder / FILES).rglob("*"))
    return Counts(len(tables), sum(one["rows"] for one in tables.values()), count)


def _write(connection: Connection, folder: Path, table: str) -> dict[str, Any]:
    columns = [name for (name,) in connection.execute(_COLUMNS, [table]).fetchall()]
    statement = sql.SQL("COPY {} ({}) TO STDOUT").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    digest, rows = hashlib.sha256(), 0
    # The hash is of the rows, not of how they were compressed.
    with (
        gzip.open(_private(folder / f"{table}.copy.gz"), "wb", compresslevel=6) as file,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for piece in copy:
            file.write(piece)
            digest.update(piece)
            rows += bytes(piece).count(b"\n")
    return {"columns": columns, "rows": rows, "sha256": digest.hexdigest()}


def _load(connection: Connection, folder: Path, table: str, about: Mapping[str, Any]) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, about["columns"]))
    )
    digest = hashlib.sha256()
    with (
        gzip.open(folder / f"{table}.copy.gz", "rb") as file,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        while piece := file.read(1024 * 1024):
            digest.update(piece)
            copy.write(piece)
    if digest.hexdigest() != about["sha256"]:
        raise NotRestorable(f"{table}.copy.gz is not as it was written.")


def _read(folder: Path, of: str) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotRestorable(f"{folder} holds no backup: its {MANIFEST} cannot be read.") from error
    if manifest.get("format") != FORMAT:
        raise NotRestorable("The backup is of a format that this version does not know.")
    if manifest["of"] != of:
        raise NotRestorable(f"This is a backup of {manifest['of']}, not of {of}.")
    missing = [table for table in manifest["tables"] if not (folder / f"{table}.copy.gz").is_file()]
    if missing:
        raise NotRestorable(f"The backup lacks {', '.join(missing)}.")
    return manifest


def _must_fit(connection: Connection, manifest: Mapping[str, Any]) -> None:
    here = _migrations(connection)
    if here != manifest["migrations"]:
        apart = sorted({".".join(one) for one in here} ^ {".".join(one) for one in manifest["migrations"]})
        raise NotRestorable(
            "The database is of another version than the backup; migrate it with the version that made the backup, restore, then "
            f"upgrade. They differ in: {', '.join(apart[:10])}"
        )
    tables = [table for (table,) in connection.execute(_TABLES).fetchall()]
    if set(tables) != set(manifest["tables"]):
        apart = sorted(set(tables) ^ set(manifest["tables"]))
        raise NotRestorable(f"The database has other tables than the backup: {', '.join(apart[:10])}")
    for table in tables:
        if table not in _OF_DJANGO:
            found = connection.execute(
                sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table))
            ).fetchone()
            if found is not None and found[0]:
                raise NotRestorable(f"The database is not empty: {table} has rows. Restore into a new one.")


def _migrations(connection: Connection) -> list[list[str]]:
    rows = connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
    return [list(row) for row in rows]


def _in_order(tables: set[str], references: list[tuple[str, str]]) -> list[str]:
    """The tables, each after those it refers to; where they refer to each other, by name."""
    needs = {table: {to for of, to in references if of == table and to in tables} for table in tables}
    order: list[str] = []
    while needs:
        free = sorted(table for table, those in needs.items() if not those - set(order)) or [min(needs)]
        order += free
        needs = {table: those for table, those in needs.items() if table not in free}
    return order


@contextmanager
def _triggers_resting(connection: Connection, tables: list[str]) -> Iterator[None]:
    """Within the transaction: an exception undoes it with everything else."""
    for table in tables:
        connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
    yield
    for table in tables:
        connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(table)))


def _holds_files(folder: Path) -> bool:
    return any(path.is_file() for path in folder.rglob("*"))


def _private(path: Path) -> Path:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return path
