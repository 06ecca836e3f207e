"""Random faults while admins save, and what has to be true afterwards: nothing lost, nothing older after something newer.

    make chaos                        five minutes
    make chaos ARGS="--minutes 30 --admins 8 --seed 7"

Admins save without a pause, each on a channel of their own; every other channel goes live with each save. Meanwhile processes are
killed with -9, held down, frozen as behind a cut cable, or let work a tenth of the time as behind a slow one: worker, beat, Redis,
PostgreSQL, the console, both environments. The last saves are made while both environments are away, so that nothing but the
installation itself brings them there. At the end every process is up again and

- each channel's newest release is what every environment serves that should, what its delivery says, and what stands in the draft;
- every save that was answered with success is a release, the numbers have no gap, and each release has its line in the audit;
- no environment ever served a smaller number than before, and each was watched to the end;
- the audit's chain holds.

A save that got no answer may have been kept or not; either is right. Prints its counts; ends with 1 if anything was violated.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import psycopg

from tests import stack as stacks
from tests.console_client import Console, signed_in
from tests.stack import Stack

#: What is killed, with its share of the faults.
KILLED = ("worker", "worker", "test-env", "test-env", "redis", "postgres", "console", "beat", "live-env")
HELD = ("redis", "test-env", "live-env", "worker")
FROZEN = ("test-env", "live-env", "worker", "redis")
SLOWED = ("test-env", "live-env", "redis")
#: Seconds something stays held, frozen or slow.
AWAY = (0.5, 4.0)
#: Seconds out of every tenth for which something slow does answer.
AWAKE = 0.01
#: Seconds for everything to find together again. Attempts are made further and further apart, at most a minute.
SETTLING = 150.0


@dataclass
class Saver:
    """One admin on one channel."""

    console: Console
    channel: str
    #: The environments that each of its saves is to reach.
    environments: tuple[str, ...]
    #: CSS of every save that was answered with success, in order.
    kept: list[str] = field(default_factory=list)
    #: CSS of saves that got another answer or none, each with how many were kept before it.
    unsure: list[tuple[int, str]] = field(default_factory=list)

    def save(self, css: str) -> None:
        try:
            answer = self.console.send_look(self.channel, self.console.look_form(self.channel, css))
        except (httpx.HTTPError, AssertionError):
            # No answer, or an error page instead of the form.
            self.unsure.append((len(self.kept), css))
            return
        if answer.status_code == 200 and "error-summary" not in answer.text and "conflict" not in answer.text:
            self.kept.append(css)
        else:
            self.unsure.append((len(self.kept), css))


@dataclass
class Outcome:
    """What was done, and what was wrong."""

    faults: Counter[str] = field(default_factory=Counter)
    saves: int = 0
    unanswered: int = 0
    releases: int = 0
    looks: int = 0
    settled_after: float = 0.0
    #: (environment, channel) -> the largest number seen there, of those who watched to the end.
    watched: dict[tuple[str, str], int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        faults = ", ".join(f"{count} x {what}" for what, count in sorted(self.faults.items()))
        lines = [
            f"faults: {sum(self.faults.values())} ({faults})",
            f"saves answered: {self.saves}; without an answer: {self.unanswered}; releases: {self.releases}",
            f"looks at what is served: {self.looks}; together again after {self.settled_after:.1f} s",
            f"violations: {len(self.violations)}",
            *(f"  {violation}" for violation in self.violations),
        ]
        return "\n".join(lines)


def run(stack: Stack, password: str, *, admins: int, seed: int, go_on: Callable[[int], bool]) -> Outcome:
    """Faults, one after the other, as long as `go_on(number so far)`; then the checks. Everything is up again at the end."""
    chance = random.Random(seed)
    outcome = Outcome()
    console = signed_in(stack.console, password)
    savers = [
        Saver(
            signed_in(stack.console, password),
            console.create_channel(f"Chaos {seed}.{number}"),
            ("test", "live") if number % 2 == 0 else ("test",),
        )
        for number in range(admins)
    ]
    for saver in savers:
        if "live" in saver.environments:
            console.publish_to_live_on_save(saver.channel)
    done, watched = threading.Event(), threading.Event()
    watchers = [
        threading.Thread(target=_watch, args=(stack, environment, saver.channel, watched, outcome))
        for saver in savers
        for environment in saver.environments
    ]
    busy = [threading.Thread(target=_keep_saving, args=(saver, done)) for saver in savers]
    for thread in (*watchers, *busy):
        thread.start()
    try:
        while go_on(sum(outcome.faults.values())):
            _fault(stack, chance, outcome)
            time.sleep(chance.uniform(0.2, 1.5))
        _cut_off(stack, savers, done, busy)
    finally:
        done.set()
        for thread in busy:
            thread.join()
    began = time.monotonic()
    waiting = {saver.channel: saver for saver in savers}
    while waiting and time.monotonic() - began < SETTLING:
        for saver in list(waiting.values()):
            if _together(stack, saver):
                del waiting[saver.channel]
        time.sleep(0.2)
    outcome.settled_after = time.monotonic() - began
    watched.set()
    for thread in watchers:
        thread.join()
    outcome.violations += [
        f"{saver.channel} in {environment}: nobody saw what was served, so nobody can say that it never went back"
        for saver in savers
        for environment in saver.environments
        if not outcome.watched.get((environment, saver.channel))
    ]
    outcome.violations += [
        f"organisation {brand}: the audit's chain is broken at {place}, entry {entry}: {fault}"
        for brand, place, entry, fault in stack.sql("SELECT brand, place, entry, fault FROM audit_verify()")
    ]
    outcome.violations += [
        f"{channel}: what is served, or said to be, is not the newest release" for channel in waiting
    ]
    for saver in savers:
        _account(stack, saver, outcome)
        saver.console.http.close()
    console.http.close()
    return outcome


def _cut_off(stack: Stack, savers: list[Saver], done: threading.Event, busy: list[threading.Thread]) -> None:
    """The last saves of all are made while both environments are away: no later one brings them along."""
    both = ("test-env", "live-env")
    for name in both:
        stack.hold(name)
    try:
        before = [len(saver.kept) for saver in savers]
        until = time.monotonic() + 30
        while time.monotonic() < until and any(
            len(saver.kept) == count for saver, count in zip(savers, before, strict=True)
        ):
            time.sleep(0.05)
        done.set()
        for thread in busy:
            thread.join()
    finally:
        for name in both:
            stack.release(name)
    for name in both:
        stack.wait_until_back(name, seconds=60)


def _fault(stack: Stack, chance: random.Random, outcome: Outcome) -> None:
    kind = chance.choice(("killed", "killed", "killed", "held", "frozen", "slow"))
    name = chance.choice({"killed": KILLED, "held": HELD, "frozen": FROZEN, "slow": SLOWED}[kind])
    outcome.faults[f"{name} {kind}"] += 1
    if kind == "killed":
        stack.kill(name)
    elif kind == "held":
        stack.hold(name)
        time.sleep(chance.uniform(*AWAY))
        stack.release(name)
    elif kind == "frozen":
        with frozen(stack, name):
            time.sleep(chance.uniform(*AWAY))
    else:
        until = time.monotonic() + chance.uniform(*AWAY)
        while time.monotonic() < until:
            with frozen(stack, name):
                time.sleep(0.1 - AWAKE)
            time.sleep(AWAKE)
    stack.wait_until_back(name, seconds=60)


@contextmanager
def frozen(stack: Stack, name: str) -> Iterator[None]:
    """The process and its children take in nothing, as behind a cut cable: connections open, and no answer comes."""
    pid = stack.pid(name)
    if pid is None:
        raise RuntimeError(f"{name} is not running")
    process = psutil.Process(pid)
    everybody = [process, *process.children(recursive=True)]
    for one in everybody:
        one.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for one in everybody:
            one.send_signal(signal.SIGCONT)


def _keep_saving(saver: Saver, done: threading.Event) -> None:
    number = 0
    while not done.is_set():
        number += 1
        saver.save(f"/* {saver.channel} {number} */")
        done.wait(0.05)
    while not saver.kept and number < 100:
        # Whoever met only faults still saves once.
        number += 1
        saver.save(f"/* {saver.channel} {number} */")


def served(stack: Stack, environment: str, channel: str) -> tuple[int, str]:
    """Number and CSS of what an environment serves; (0, "") while it is away, or has nothing yet."""
    try:
        answer = httpx.get(
            f"{stack.env_url(environment)}/chat/1.0/brand/1009/channel/{channel}", timeout=5, trust_env=False
        )
    except httpx.HTTPError:
        return 0, ""
    if answer.status_code != 200:
        return 0, ""
    return int(answer.headers["X-Release"]), str(answer.json()["customCss"])


def _watch(stack: Stack, environment: str, channel: str, watched: threading.Event, outcome: Outcome) -> None:
    newest = 0
    while not watched.wait(0.05):
        number, _ = served(stack, environment, channel)
        if not number:
            continue
        outcome.looks += 1
        if number < newest:
            outcome.violations.append(f"{channel} in {environment}: {number} was served after {newest}")
        newest = max(newest, number)
    outcome.watched[environment, channel] = newest


def _releases(stack: Stack, channel: str) -> list[tuple[int, str]]:
    return [
        (number, css)
        for number, css in stack.sql(
            "SELECT number, convert_from(sections, 'UTF8')::json->'channels_config'->>'custom_css' FROM publishing_release r "
            "JOIN channels_config_channel c ON c.id = r.channel_id WHERE c.public_id = %s ORDER BY number",
            (channel,),
        )
    ]


def _together(stack: Stack, saver: Saver) -> bool:
    try:
        releases = _releases(stack, saver.channel)
        deliveries = {
            environment: (wanted, confirmed)
            for environment, wanted, confirmed in stack.sql(
                "SELECT environment, wanted, confirmed FROM publishing_delivery d "
                "JOIN channels_config_channel c ON c.id = d.channel_id WHERE c.public_id = %s",
                (saver.channel,),
            )
        }
    except psycopg.Error:
        return False
    return bool(releases) and all(
        served(stack, environment, saver.channel) == releases[-1]
        and deliveries.get(environment) == (releases[-1][0], releases[-1][0])
        for environment in saver.environments
    )


def _account(stack: Stack, saver: Saver, outcome: Outcome) -> None:
    channel = saver.channel
    releases = _releases(stack, channel)
    outcome.saves += len(saver.kept)
    outcome.unanswered += len(saver.unsure)
    outcome.releases += len(releases)
    if [number for number, _ in releases] != list(range(1, len(releases) + 1)):
        outcome.violations.append(f"{channel}: the numbers of its releases have gaps")
    published = [css for _, css in releases]
    for css in saver.kept:
        if published.count(css) != 1:
            outcome.violations.append(
                f"{channel}: {css!r} was answered with success, and is {published.count(css)} releases"
            )
    in_order = [css for css in published if css in set(saver.kept)]
    if in_order != saver.kept:
        outcome.violations.append(f"{channel}: the releases are in another order than the saves")
    ((draft,),) = stack.sql(
        "SELECT w.custom_css FROM channels_config_websettings w JOIN channels_config_channel c ON c.id = w.channel_id "
        "WHERE c.public_id = %s",
        (channel,),
    )
    if draft != published[-1]:
        outcome.violations.append(f"{channel}: the draft is not what the newest release holds")
    ((recorded,),) = stack.sql(
        "SELECT count(*) FROM audit_entry WHERE action = 'draft.saved' AND subject = %s", (channel,)
    )
    # The first release is the channel's making, which has a line of its own.
    if recorded != len(releases) - 1:
        outcome.violations.append(f"{channel}: {len(releases) - 1} saves, and {recorded} lines in the audit")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=5, help="(%(default)s)")
    parser.add_argument("--admins", type=int, default=4, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="repeats the same faults")
    options = parser.parse_args(arguments)
    print(f"chaos: {options.minutes:g} minutes, {options.admins} admins, seed {options.seed}", flush=True)
    until = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory() as folder:
        stack = stacks.start(Path(folder) / "stack")
        try:
            outcome = run(
                stack,
                stack.password,
                admins=options.admins,
                seed=options.seed,
                go_on=lambda _: time.monotonic() < until,
            )
        finally:
            stack.stop()
    print(outcome)
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
