"""Roles and databases: the owner role migrates and bypasses row-level security, the app role serves and is bound by it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from chatadmin.run.errors import RunError

MAINTENANCE = "postgres"
#: PostgreSQL's "invalid_catalog_name": there is no such database.
_NO_DATABASE = '" does not exist'


@dataclass(frozen=True)
class ConsoleDatabase:
    """Two addresses of one database: `app` to serve with, `owner` to migrate with."""

    app: str
    owner: str


def with_login(url: str, *, user: str, password: str, database: str | None = None) -> str:
    """The same server (and options) for another role, and perhaps another database."""
    parts = urlsplit(url)
    _, _, where = parts.netloc.rpartition("@")
    path = parts.path if database is None else f"/{quote(database, safe='')}"
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit((parts.scheme, f"{login}@{where}", path, parts.query, ""))


def with_database(url: str, database: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{quote(database, safe='')}", parts.query, ""))


def database_of(url: str, variable: str) -> str:
    """The database's name in an address. Raises RunError, naming the variable, for what is no PostgreSQL address."""
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        raise RunError(
            f"{variable} is not a PostgreSQL address. Example: {variable}=postgresql://user:password@host:5432/name"
        )
    try:
        read = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise RunError(f"{variable} cannot be read: {str(error).strip()}") from error
    name = read.get("dbname")
    if not name:
        raise RunError(
            f"{variable} names no database. Example: {variable}=postgresql://user:password@host:5432/name"
        )
    return str(name)


def connect(url: str, variable: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection in autocommit mode. Raises RunError, naming the variable, when there is none to be had."""
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise RunError(f"{variable}: {' '.join(str(error).split())}") from error


def exists(url: str, variable: str) -> bool:
    """Whether the database of this address is there; any other failure to connect is a RunError."""
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        if _NO_DATABASE in str(error) and "database" in str(error):
            return False
        raise RunError(f"{variable}: {' '.join(str(error).split())}") from error
    return True


def ensure_role(server: psycopg.Connection[Any], name: str, password: str, *, owner: bool = False) -> None:
    """A role that may log in with this password; an owner also bypasses row security (migrations change every tenant's rows)."""
    known = server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    abilities = sql.SQL("BYPASSRLS CREATEDB") if owner else sql.SQL("NOBYPASSRLS NOSUPERUSER")
    server.execute(
        sql.SQL("{verb} ROLE {name} LOGIN {abilities} PASSWORD {password}").format(
            verb=sql.SQL("ALTER" if known else "CREATE"),
            name=sql.Identifier(name),
            abilities=abilities,
            password=sql.Literal(password),
        )
    )


def ensure_database(server: psycopg.Connection[Any], name: str, owner: str) -> None:
    """A database of this owner that nobody else may enter unless told so."""
    if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        return
    server.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(
            sql.Identifier(name), sql.Identifier(owner)
        )
    )
    server.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def open_to_app(database: psycopg.Connection[Any], *, owner: str, app: str) -> None:
    """Let the app role read and write what the owner role will create; what a migration revokes again stays revoked."""
    name = database.info.dbname
    for statement in (
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {app}",
        "GRANT USAGE ON SCHEMA public TO {app}",
        "GRANT USAGE, CREATE ON SCHEMA public TO {owner}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app}",
    ):
        database.execute(
            sql.SQL(statement).format(
                database=sql.Identifier(name), app=sql.Identifier(app), owner=sql.Identifier(owner)
            )
        )


def console_on(
    server_url: str, *, database: str, owner: str, owner_password: str, app: str, app_password: str
) -> ConsoleDatabase:
    """The console's database and two roles on a server where `server_url` may create them."""
    with connect(server_url, "DATABASE_URL") as server:
        ensure_role(server, owner, owner_password, owner=True)
        ensure_role(server, app, app_password)
        ensure_database(server, database, owner)
    with connect(with_database(server_url, database), "DATABASE_URL") as inside:
        open_to_app(inside, owner=owner, app=app)
    return ConsoleDatabase(
        app=with_login(server_url, user=app, password=app_password, database=database),
        owner=with_login(server_url, user=owner, password=owner_password, database=database),
    )


def console_given(url: str, owner_url: str, *, owner_password: str, app_password: str) -> ConsoleDatabase:
    """The console's database on a server of the operator's.

    With both addresses they are used as they are. With `DATABASE_URL` alone its role must be able to make the two roles
    (a superuser): they are called after the database, `<name>_owner` and `<name>_app`.
    """
    name = database_of(url, "DATABASE_URL")
    if owner_url:
        database_of(owner_url, "DATABASE_OWNER_URL")
        with connect(owner_url, "DATABASE_OWNER_URL") as inside, connect(url, "DATABASE_URL") as serving:
            owner = str(inside.execute("SELECT current_user").fetchone()[0])  # type: ignore[index]
            app = str(serving.execute("SELECT current_user").fetchone()[0])  # type: ignore[index]
            if owner != app:
                try:
                    open_to_app(inside, owner=owner, app=app)
                except psycopg.errors.InsufficientPrivilege as error:
                    raise RunError(
                        f"DATABASE_OWNER_URL: the role {owner} may not grant rights on the database {name}, so it is not its owner."
                    ) from error
        return ConsoleDatabase(app=url, owner=owner_url)
    server_url = url if exists(url, "DATABASE_URL") else with_database(url, MAINTENANCE)
    with connect(server_url, "DATABASE_URL") as server:
        row = server.execute(
            "SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    role, is_super = row if row is not None else ("?", False)
    if not is_super:
        raise RunError(
            f"DATABASE_URL's role {role} may not create roles, so DATABASE_OWNER_URL is needed too: the same database, "
            "as a role that owns it and has BYPASSRLS (it runs the migrations)."
        )
    return console_on(
        server_url,
        database=name,
        owner=f"{name}_owner",
        owner_password=owner_password,
        app=f"{name}_app",
        app_password=app_password,
    )


def gateway_on(server_url: str, template: str, *, role: str, password: str) -> str:
    """Databases of both environments on a server where `server_url` may create them; returns the address with `{environment}`."""
    with connect(server_url, "GATEWAY_DATABASE_URL") as server:
        ensure_role(server, role, password)
        for environment in ("test", "live"):
            ensure_database(server, template.replace("{environment}", environment), role)
    address = with_login(server_url, user=role, password=password, database="ENVIRONMENT")
    return address.replace("ENVIRONMENT", template)


def gateway_given(template: str) -> str:
    """An operator's address for the environments; a database that is not there is made when its role may do so."""
    for environment in ("test", "live"):
        url = template.replace("{environment}", environment)
        name = database_of(url, "GATEWAY_DATABASE_URL")
        if exists(url, "GATEWAY_DATABASE_URL"):
            continue
        with connect(with_database(url, MAINTENANCE), "GATEWAY_DATABASE_URL") as server:
            owner = str(server.execute("SELECT current_user").fetchone()[0])  # type: ignore[index]
            try:
                ensure_database(server, name, owner)
            except psycopg.errors.InsufficientPrivilege as error:
                raise RunError(
                    f"GATEWAY_DATABASE_URL: there is no database {name}, and the role {owner} may not create it."
                ) from error
    return template


def drop(server_url: str, name: str) -> None:
    """Remove a database, whoever is still connected to it."""
    with connect(server_url, "DATABASE_URL") as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def wait_for(url: str, patience: float) -> bool:
    """Whether a connection was had within so many seconds."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False
