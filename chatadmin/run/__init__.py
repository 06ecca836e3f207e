"""`make run`: the embedded servers, the databases, and every process of both planes under one supervisor.

Nothing here imports Django: what needs it runs as a process of its own (`manage.py migrate`, `manage.py demo`).
"""
