"""A short form of `make chaos`: eight random faults while two admins save."""

from __future__ import annotations

from tests import chaos
from tests.stack import Stack


def test_eight_faults_while_two_admins_save_lose_nothing(stack: Stack) -> None:
    outcome = chaos.run(stack, stack.password, admins=2, seed=2026, go_on=lambda number: number < 8)
    assert not outcome.violations, str(outcome)
    assert outcome.saves > 0
