"""`manage.py backup` and `restore`: who may, and what they say when they cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_role_that_sees_no_rows_backs_nothing_up(command: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="owner role"):
        call_command(command, str(tmp_path / "backup"))
    assert not (tmp_path / "backup").exists()
