"""Agents who have left the desk without a word: what they have left alone goes back into the queue, so that it is lost to nobody.

A laptop that is closed says nothing; after `GATEWAY_ABSENT_SECONDS` without a sign of life its agent counts as gone. Being away on
purpose, with the desk open, is no absence. Of a live chat everything is put back, of a messaging channel what the visitor has said
last: the rest is answered already. Every process looks; each conversation is taken under its row's lock, so one of them acts.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

import psycopg

from gateway import agent_desk, desk_store, presence, settings
from gateway.logs import logger
from gateway.published import registry

log = logger("gateway.absence")

#: Conversations of one transaction.
_BATCH = 50


async def keep_watch() -> None:
    """For ever; 0 seconds means that nobody counts as gone."""
    while settings.GATEWAY_ABSENT_SECONDS > 0:
        await asyncio.sleep(settings.GATEWAY_INACTIVITY_SECONDS)
        try:
            await look()
        except (psycopg.Error, OSError, TimeoutError) as trouble:
            log.warning("absence.failed", error=type(trouble).__name__)


async def look() -> int:
    """Put back what is left alone; how many conversations that were."""
    channels = dict(registry.channels)
    held: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for name, agent in await desk_store.holders(list(channels)):
        held[channels[name].brand].add((name, agent))
    done = 0
    for brand, pairs in held.items():
        gone = await presence.absent(
            brand, {agent for _name, agent in pairs}, settings.GATEWAY_ABSENT_SECONDS
        )
        for name, agent in sorted(pairs):
            if agent not in gone:
                continue
            while given := await desk_store.left_alone(channels[name], agent, limit=_BATCH):
                for one in given:
                    await agent_desk.changed_hands(channels[name], one)
                done += len(given)
                log.info("desk.left_alone", channel=name, conversations=len(given))
    return done
