"""One example of each shape, shown in the OpenAPI document and on its page. Tests hold each to its shape, and send the requests."""

from __future__ import annotations

from typing import Any

_CHANNEL = {
    "id": "chat_7d2f7fd6-9f0c-4a55-8a1f-2f6f3c1f5b0e",
    "name": "Ventes",
    "kind": "messaging",
    "created_at": "2026-03-02T14:05:09.120000Z",
}
_RELEASE = {
    "number": 12,
    "digest": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
    "areas": ["channels_config"],
    "author": "Ana · CI",
    "note": "",
    "removed": False,
    "restored": None,
    "created_at": "2026-03-02T14:06:41.902000Z",
}

EXAMPLES: dict[str, Any] = {
    "Organisation": {"brand": 1009, "name": "Example Inc.", "time_zone": "America/Toronto"},
    "Channel": _CHANNEL,
    "NewChannel": {"name": "Ventes", "kind": "messaging"},
    "PatchedRenamedChannel": {"name": "Ventes et service"},
    "SectionList": {
        "area": "channels_config",
        "label": "CSS and JS",
        "etag": '"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"',
    },
    "Release": _RELEASE,
    "RollBack": {"area": "channels_config", "note": "The button was unreadable."},
    "NewPromotion": {"release": 1, "note": "Summer sale", "warnings_seen": True},
    "Promotion": {
        "id": 31,
        "release": 12,
        "digest": _RELEASE["digest"],
        "environment": "live",
        "state": "scheduled",
        "note": "Summer sale",
        "checklist": ["Seen on a phone"],
        "asked_by": "Ana · CI",
        "asked_at": "2026-03-02T14:10:00.000000Z",
        "approved_by": "",
        "at": "2026-03-03T13:00:00Z",
        "time_zone": "America/Toronto",
        "ended_at": None,
        "failure": "",
    },
    "Delivery": {
        "environment": "test",
        "region": "",
        "state": "current",
        "wanted": 12,
        "confirmed": 12,
        "visible_at": "2026-03-02T14:06:42.314000Z",
        "visible_in_ms": 412,
        "attempts": 0,
        "error": "",
    },
    "Retried": {"environments": ["live"]},
    "File": {
        "chatadmin": "channel",
        "format": 1,
        "name": "Ventes",
        "kind": "messaging",
        "areas": {
            "channels_config": {
                "allowed_domains": ["*.example.com"],
                "colors": dict.fromkeys(
                    (
                        "button",
                        "headerBackground",
                        "headerFont",
                        "text",
                        "theme",
                        "widgetBackground",
                        "widgetFont",
                    ),
                    "#1a73e8",
                ),
                "custom_css": ".ac-pushButton { color: #1a73e8 }\n",
                "custom_js": "",
                "domains_restricted": True,
                "format": 1,
                "redesigned_ui": True,
                "widget": {"appearance": "bar", "position": "right"},
            }
        },
    },
    "Import": {
        "action": "update",
        "applied": True,
        "name": "Ventes",
        "changes": [{"area": "channels_config", "fields": ["CSS"]}],
        "warnings": [],
    },
    "Problem": {
        "code": "invalid",
        "message": "The request says something that cannot be saved; see fields.",
        "fields": {"colors.text": ["This is not a colour such as #1a73e8."]},
    },
}
