"""Settings for looking at the code without any server: types, migrations, messages. No address here is ever connected to."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from chatadmin.run.plan import Plan, Ports
from chatadmin.run.state import State


def settings_environment() -> dict[str, str]:
    """Variables both planes' settings can be read with; keys are made for the occasion."""
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(Path(folder), State(Path(folder)).secrets(), Ports(8000, 8001, 8002))
    plan.database_url = "postgresql://nobody:none@127.0.0.1:9/none"
    plan.database_owner_url = plan.database_url
    plan.gateway_database_url = plan.database_url
    plan.redis_url = "redis://127.0.0.1:9/0"
    both = plan.gateway_environment("test") | plan.console_environment()
    return {name: value for name, value in both.items() if name != "DJANGO_SETTINGS_MODULE"}


def use() -> None:
    """Put them into this process's environment where nothing is set yet."""
    for name, value in settings_environment().items():
        os.environ.setdefault(name, value)
