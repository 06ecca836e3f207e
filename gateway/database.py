"""This process's connections to PostgreSQL: psycopg's asynchronous pool, made for the running event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from gateway import settings

Connection = AsyncConnection[tuple[Any, ...]]

_pool: AsyncConnectionPool[Connection] | None = None


def conninfo() -> str:
    """The database of this environment with its schema in front."""
    return make_conninfo(
        settings.GATEWAY_DATABASE_URL,
        options=f"-c search_path={settings.DATABASE_SCHEMA}",
        application_name=f"gateway-{settings.GATEWAY_ENVIRONMENT}",
    )


async def open_pool() -> None:
    """Start connecting; a database that is away now is waited for when somebody asks."""
    global _pool
    _pool = AsyncConnectionPool(
        conninfo(),
        min_size=2,
        max_size=settings.GATEWAY_POOL_SIZE,
        timeout=5,
        open=False,
        kwargs={"autocommit": True},
    )
    await _pool.open(wait=False)


async def close_pool() -> None:
    global _pool
    if _pool is not None:
        pool, _pool = _pool, None
        await pool.close()


@asynccontextmanager
async def connection() -> AsyncIterator[Connection]:
    """A connection in autocommit; `async with connection.transaction()` for more than one statement.

    Raises psycopg.OperationalError (PoolTimeout is one) when the database is away.
    """
    if _pool is None:
        raise PoolTimeout("the pool is closed")
    async with _pool.connection() as borrowed:
        yield borrowed
