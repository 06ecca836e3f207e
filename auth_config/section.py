"""Draft of how customers are identified <-> its section."""

from __future__ import annotations

import copy
import hmac
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from areas.contract import SECRET_PLACEHOLDER, Problem, Section, Sections
from areas.contract import Secret as HiddenValue
from areas.registry import custom_fields
from auth_config import rules
from auth_config.models import AuthSettings
from auth_config.secrets import is_known, keep, reveal
from channels_config.models import Channel
from kit.http import url_problem
from kit.secrets import Unreadable
from tenants.prepared import Prepared

AREA_NAME = "auth_config"
FORMAT = 1
#: 400 days: the longest a browser keeps a cookie. In minutes.
LONGEST_LIFETIME = 400 * 24 * 60
LONGEST_RETENTION = 3650
LONGEST_SESSION = 30 * 24 * 60
LONGEST_URL = 2000
LONGEST_KEYS = 20_000

#: Where a section holds the reference of a secret, the one before it, and what the environment gets in their place.
SECRETS = (
    ("oauth", "client_secret", "previous_client_secret"),
    ("jwt", "secret", "previous_secret"),
)

EMPTY: Section = {
    "format": FORMAT,
    "mode": rules.ANONYMOUS,
    "epoch": 0,
    "retention_days": 0,
    "anonymous": {"allow_unsecured": True},
    "cookie": {"lifetime_minutes": 0, "sliding": True},
    "oauth": {
        "allow_unsecured": False,
        "sign_in_endpoint": "",
        "authorize_endpoint": "",
        "refresh_endpoint": "",
        "userinfo_endpoint": "",
        "client_id": "",
        "client_secret": "",
        "previous_client_secret": "",
        "redirect_uri": "",
        "body_format": "form",
        "client_authentication": "basic",
        "scopes": "openid profile email offline_access",
        "pkce": False,
        "store_access_token": False,
    },
    "jwt": {
        "allow_unsecured": False,
        "algorithm": "shared",
        "secret": "",
        "previous_secret": "",
        "public_keys": "",
        "issuer": "",
        "session_minutes": 720,
    },
    "mapping": {"enabled": False, "customer_id": "", "first_name": "", "last_name": "", "fields": []},
}

CHOICES = {
    "mode": rules.MODES,
    "oauth.body_format": ("form", "json"),
    "oauth.client_authentication": ("basic", "post", "none"),
    "jwt.algorithm": ("shared", "public"),
}
NUMBERS = {
    "epoch": 2**31 - 1,
    "retention_days": LONGEST_RETENTION,
    "cookie.lifetime_minutes": LONGEST_LIFETIME,
    "jwt.session_minutes": LONGEST_SESSION,
}
ENDPOINTS = ("authorize_endpoint", "refresh_endpoint", "userinfo_endpoint", "sign_in_endpoint")
URL_SENTENCES: dict[str, Promise] = {
    "bad_url": _("This is not a complete address such as https://login.example.com/token."),
    "not_https": _("Only https is called: what travels there opens your customers’ accounts."),
    "forbidden_address": _("This address lies inside a private network, which is never called."),
}


def dump(channel: Channel) -> Section:
    """The section as plain JSON; `EMPTY` shows its shape. Secrets stand in it as references (auth_config.secrets)."""
    draft = _drafts.first(channel.pk)
    return _over(EMPTY, draft.document if draft is not None else {})


_drafts = Prepared(lambda channel: AuthSettings.objects.filter(channel=channel).order_by("pk")[:1], int)


def _over(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _over(value, given.get(name, {}))
        if isinstance(value, dict)
        else copy.deepcopy(given.get(name, value))
        for name, value in base.items()
    }


def load(channel: Channel, section: Section) -> None:
    """Write a section into the draft; the inverse of `dump`."""
    document = _over(EMPTY, section)
    if not AuthSettings.objects.filter(channel=channel).update(document=document):
        AuthSettings.objects.create(channel=channel, document=document)


def uses_field(ident: str) -> list[str]:
    """The channels whose mapping fills a custom field, a sentence's part each; whatever mode they are in at the moment."""
    found = (
        AuthSettings.objects.filter(
            document__mapping__fields__contains=[{"field": ident}], channel__deleted_at=None
        )
        .order_by("channel__name")
        .values_list("channel__name", flat=True)
    )
    return [gettext("the sign-in mapping of “%(channel)s”") % {"channel": name} for name in found]


def public(section: Section) -> dict[str, Any]:
    """Its piece of the channel JSON: which way clients sign in. The two flags exclude each other (wire contract 3.3)."""
    mode = section["mode"]
    return {
        "isAuthorizationEnabled": mode in {rules.OAUTH, rules.JWT},
        "isSecuredCookieEnabled": mode == rules.COOKIE,
        "isUnsecuredConnectionAllowed": mode != rules.COOKIE and section[mode]["allow_unsecured"],
        "settings": {"securedSessions": True, "features": {"securedSessions": True}},
    }


def private(section: Section) -> Section:
    """The section as the environment gets it, inside the snapshot's encrypted part: secrets in place of their references."""
    made = copy.deepcopy(section)
    for group, name, previous in SECRETS:
        references = [made[group].pop(name), made[group].pop(previous)]
        wanted = made["mode"] == group and (group != "jwt" or made["jwt"]["algorithm"] == "shared")
        made[group]["secrets"] = [reveal(one) for one in references if one] if wanted else []
    return made


def redact(section: Section) -> Section:
    """For files and the API: a placeholder where a secret is set."""
    made = copy.deepcopy(section)
    for group, name, previous in SECRETS:
        for key in (name, previous):
            if made[group][key]:
                made[group][key] = SECRET_PLACEHOLDER
    return made


def receivers(oauth: Mapping[str, Any]) -> frozenset[str]:
    """Scheme and host of every address the client secret is sent to."""
    found = set()
    for name in ("authorize_endpoint", "refresh_endpoint"):
        try:
            parts = urlsplit(str(oauth.get(name) or ""))
        except ValueError:
            continue  # said to be wrong by itself, and never called
        if parts.netloc:
            found.add(f"{parts.scheme}://{parts.netloc}".lower())
    return frozenset(found)


def goes_elsewhere(oauth: Mapping[str, Any], current: Mapping[str, Any]) -> bool:
    """Whether a client secret that is kept would be sent to somebody who does not have it yet: whoever may change addresses could
    have it sent to themselves, and read what is never shown."""
    return not receivers(oauth) <= receivers(current)


def restore(section: Section, current: Section) -> Section:
    """The inverse: a placeholder is the current secret, and so is its very text; any other is a new one, kept encrypted; "" is none.

    A client secret that would go to another host than before has to be told anew.
    """
    made = copy.deepcopy(section)
    for group, name, previous in SECRETS:
        elsewhere = (
            group == "oauth"
            and isinstance(made.get(group), dict)
            and goes_elsewhere(made[group], current[group])
        )
        for key in (name, previous):
            given = made.get(group, {}).get(key) if isinstance(made.get(group), dict) else None
            if given == SECRET_PLACEHOLDER:
                made[group][key] = "" if elsewhere else current[group][key]
            elif isinstance(given, str) and given and not is_known(given):
                now = current[group][key]
                made[group][key] = now if _opens_to(now, given) else keep(given, by=None).reference
    return made


def _opens_to(reference: str, secret: str) -> bool:
    """Whether a kept secret is this one: a file that names it changes nothing when it is applied again."""
    try:
        return hmac.compare_digest(reveal(reference).encode(), secret.encode())
    except (Unreadable, UnicodeEncodeError):
        return False


def describe(section: Section) -> Mapping[Any, Any]:
    """The section in a reader's words, for differences between versions."""
    mode = section["mode"]
    said: dict[Any, Any] = {
        _("Chat security"): MODE_LABELS[mode],
        _("Times everybody was signed out"): section["epoch"],
        _("Days conversations are kept"): section["retention_days"] or None,
    }
    for group in rules.MODES:
        secrets = {key for one, *keys in SECRETS if one == group for key in keys}
        said[MODE_LABELS[group]] = {
            FIELD_LABELS[f"{group}.{name}"]: HiddenValue(value) if name in secrets and value else value
            for name, value in section[group].items()
        }
    mapping = section["mapping"]
    said[_("Mapping")] = {
        **{
            FIELD_LABELS[f"mapping.{name}"]: mapping[name]
            for name in ("enabled", "customer_id", "first_name", "last_name")
        },
        _("Custom fields"): [
            f"{one['field']} ← {one['path']} ({TRANSFORM_LABELS[one['transform']]})"
            for one in mapping["fields"]
        ],
    }
    return said


MODE_LABELS: dict[str, Promise] = {
    rules.ANONYMOUS: _("Anonymous"),
    rules.COOKIE: _("Secured cookie"),
    rules.OAUTH: _("Third-party OAuth"),
    rules.JWT: _("Signed token (JWT)"),
}
TRANSFORM_LABELS: dict[str, Promise] = {
    "none": _("as it is"),
    "trim": _("without spaces around it"),
    "lower": _("in lower case"),
    "trim_lower": _("without spaces, in lower case"),
    "first": _("first that is not empty"),
}
_UNSECURED = _("Allow unsecured WebSocket connections")
FIELD_LABELS: dict[str, Promise] = {
    "anonymous.allow_unsecured": _UNSECURED,
    "cookie.lifetime_minutes": _("Lifetime of the customer’s session, in minutes"),
    "cookie.sliding": _("Every visit renews the lifetime"),
    "oauth.allow_unsecured": _UNSECURED,
    "oauth.sign_in_endpoint": _("Sign-in page"),
    "oauth.authorize_endpoint": _("Authorise"),
    "oauth.refresh_endpoint": _("Refresh token"),
    "oauth.userinfo_endpoint": _("UserInfo"),
    "oauth.client_id": _("Client id"),
    "oauth.client_secret": _("Client secret"),
    "oauth.previous_client_secret": _("Former client secret"),
    "oauth.redirect_uri": _("Redirect URI"),
    "oauth.body_format": _("Format of the request body"),
    "oauth.client_authentication": _("How the client proves itself"),
    "oauth.scopes": _("Scopes"),
    "oauth.pkce": _("Require PKCE"),
    "oauth.store_access_token": _("Store the access token"),
    "jwt.allow_unsecured": _UNSECURED,
    "jwt.algorithm": _("Kind of signature"),
    "jwt.secret": _("Shared secret"),
    "jwt.previous_secret": _("Former shared secret"),
    "jwt.public_keys": _("Public keys"),
    "jwt.issuer": _("Issuer"),
    "jwt.session_minutes": _("Lifetime of the session, in minutes"),
    "mapping.enabled": _("Use a mapping of your own"),
    "mapping.customer_id": _("Customer id field"),
    "mapping.first_name": _("First name field"),
    "mapping.last_name": _("Last name field"),
}


# -- check -------------------------------------------------------------------------------------------------------------


def check(section: Section, sections: Sections) -> list[Problem]:
    """What the page's form would say, for a section that came from elsewhere; never raises."""
    found = [Problem(AREA_NAME, path, message) for path, message in _shape_faults(section, EMPTY, "")]
    if found:
        return found
    found = [Problem(AREA_NAME, path, message) for path, message in value_faults(section)]
    if not found:
        found = [Problem(AREA_NAME, path, message) for path, message in incomplete(section)]
    return found + list(remarks(section, sections))


def _shape_faults(section: Any, model: Mapping[str, Any], path: str) -> Iterator[tuple[str, Promise]]:
    if not isinstance(section, dict):
        yield path.rstrip("."), _("This is not an object.")
        return
    for name in section:
        if name not in model:
            yield f"{path}{name}", _("There is no such field.")
    for name, example in model.items():
        value = section.get(name)
        place = f"{path}{name}"
        if isinstance(example, dict):
            yield from _shape_faults(value, example, f"{place}.")
        elif type(value) is not type(example):
            yield place, _KINDS[type(example)]
    if path == "mapping." and isinstance(section.get("fields"), list):
        for number, entry in enumerate(section["fields"]):
            if (
                not isinstance(entry, dict)
                or set(entry) != {"field", "path", "transform"}
                or not all(isinstance(value, str) for value in entry.values())
            ):
                yield f"mapping.fields.{number}", _("Exactly field, path and transform belong here, as text.")


_KINDS: dict[type, Promise] = {
    int: _("A whole number belongs here."),
    str: _("A text belongs here."),
    bool: _("true or false belongs here."),
    list: _("A list belongs here."),
}


def at(section: Section, path: str) -> Any:
    """The value at a dotted path of the section."""
    value: Any = section
    for name in path.split("."):
        value = value[name]
    return value


def value_faults(section: Section) -> Iterator[tuple[str, Promise | str]]:
    if section["format"] != FORMAT:
        yield "format", _("This format is not known here.")
    for path, choices in CHOICES.items():
        if at(section, path) not in choices:
            yield path, _("This is none of the choices.")
    for path, most in NUMBERS.items():
        if not 0 <= at(section, path) <= most:
            yield path, gettext("This is a number from 0 to %(most)s.") % {"most": most}
    for group in ("oauth", "jwt", "mapping"):
        for name, value in section[group].items():
            if isinstance(value, str) and (
                len(value) > (LONGEST_KEYS if name == "public_keys" else LONGEST_URL)
                or "\x00" in value
                or (not value.isascii() and not _encodable(value))
            ):
                yield f"{group}.{name}", _("This text is too long, or holds what is no text.")
    for name in ENDPOINTS:
        url = section["oauth"][name]
        if url and (problem := endpoint_problem(url)):
            yield f"oauth.{name}", problem
    redirect = section["oauth"]["redirect_uri"]
    if redirect and not _is_redirect(redirect):
        yield "oauth.redirect_uri", URL_SENTENCES["bad_url"]
    keys = section["jwt"]["public_keys"]
    if keys:
        try:
            rules.public_keys(keys)
        except rules.BadKeys as bad:
            yield "jwt.public_keys", KEY_SENTENCES[bad.code]
    yield from field_faults(section["mapping"]["fields"])
    for group, name, previous in SECRETS:
        for key in (name, previous):
            if section[group][key] and not is_known(section[group][key]):
                yield f"{group}.{key}", _("This secret is not known in your organisation; type it in again.")


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_redirect(url: str) -> bool:
    """Apps have schemes of their own (com.example.app:/cb)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (
        bool(parts.scheme and (parts.netloc or parts.path))
        and url.isprintable()
        and " " not in url
        and not parts.fragment
    )


def endpoint_problem(url: str) -> Promise | None:
    """What is wrong with an endpoint by its look."""
    problem = url_problem(url, loopback=settings.ALLOW_LOOPBACK_PROVIDERS)
    return None if problem is None else URL_SENTENCES[problem]


KEY_SENTENCES: dict[str, Promise] = {
    "none": _("No public key is found here: paste PEM blocks, a JWK or a JWK set."),
    "private": _(
        "This is a private key. It belongs on your server alone; paste its public half, and replace the key."
    ),
    "weak": _("An RSA key of less than 2048 bits is not accepted."),
    "symmetric": _("This set holds a shared secret. Choose “Shared secret” and type it there instead."),
}


def field_faults(fields: list[dict[str, str]]) -> Iterator[tuple[str, Promise | str]]:
    """(path, sentence) for entries of the mapping that cannot be."""
    seen: dict[str, int] = {}
    for number, entry in enumerate(fields):
        place = f"mapping.fields.{number}"
        name = entry["field"]
        if number >= rules.MOST_FIELDS:
            yield (
                place,
                gettext("“%(name)s” is field %(number)s; at most %(most)s can be mapped.")
                % {
                    "name": name,
                    "number": number + 1,
                    "most": rules.MOST_FIELDS,
                },
            )
        if (
            not name
            or len(name) > rules.LONGEST_ID
            or name != name.strip()
            or "\x00" in name
            or not _encodable(name)
        ):
            yield place, _("A custom field has a name of at most 255 characters.")
        elif name in seen:
            yield (
                place,
                gettext("“%(name)s” is mapped twice, in rows %(first)s and %(second)s.")
                % {
                    "name": name,
                    "first": seen[name] + 1,
                    "second": number + 1,
                },
            )
        seen.setdefault(name, number)
        if not entry["path"].strip(" ,") or len(entry["path"]) > rules.LONGEST_PATH:
            yield place, gettext("“%(name)s” needs the provider’s field it is filled from.") % {"name": name}
        if entry["transform"] not in rules.TRANSFORMS:
            yield place, _("This is none of the choices.")


def incomplete(section: Section) -> Iterator[tuple[str, Promise]]:
    """What the chosen mode cannot do without."""
    oauth, jwt = section["oauth"], section["jwt"]
    if section["mode"] == rules.OAUTH:
        for name, sentence in (
            ("authorize_endpoint", _("Without this address no code can be exchanged.")),
            ("userinfo_endpoint", _("Without this address nobody knows who the customer is.")),
            ("client_id", _("The provider knows your application by this id.")),
        ):
            if not oauth[name]:
                yield f"oauth.{name}", sentence
        if oauth["client_authentication"] != "none" and not oauth["client_secret"]:
            yield (
                "oauth.client_secret",
                _("Type the secret, or choose that the client proves itself by its id alone."),
            )
    if section["mode"] == rules.JWT:
        if jwt["algorithm"] == "shared" and not jwt["secret"]:
            yield "jwt.secret", _("Type the secret your server signs with, at least 32 characters.")
        if jwt["algorithm"] == "public" and not jwt["public_keys"].strip():
            yield "jwt.public_keys", KEY_SENTENCES["none"]
        if jwt["session_minutes"] < 1:
            yield "jwt.session_minutes", _("A session lasts at least a minute.")
    if (
        section["mapping"]["enabled"]
        and section["mode"] in {rules.OAUTH, rules.JWT}
        and not section["mapping"]["customer_id"]
    ):
        yield "mapping.customer_id", _("Without a customer id nobody can be recognised.")


def remarks(section: Section, sections: Sections) -> Iterator[Problem]:
    """What a person should know of a section that can be published; `sections` holds the other areas' as far as they are at hand."""
    web = sections.get("channels_config")
    open_to_all = isinstance(web, Mapping) and web.get("domains_restricted") is False
    if section["mode"] == rules.COOKIE and open_to_all:
        yield Problem(
            AREA_NAME,
            "mode",
            _(
                "Any website may show this chat, so any website could act with a customer’s cookie. List your domains under "
                "“Customise CSS and JS”."
            ),
            blocking=False,
        )
    if section["mode"] in {rules.OAUTH, rules.JWT} and section["mapping"]["enabled"]:
        yield from _unknown_fields(section["mapping"]["fields"], sections)


def _unknown_fields(fields: list[dict[str, str]], sections: Sections) -> Iterator[Problem]:
    """A remark for each mapped field that the organisation has not: a slip of the pen fills a field nobody looks at.

    A survey that comes with this section, out of a file, may bring fields along.
    """
    if not fields:
        return
    known = {*custom_fields(), *_brought_along(sections.get("surveys"))}
    spelled = {ident.lower(): ident for ident in known}
    for number, entry in enumerate(fields):
        name = entry["field"]
        if name in known:
            continue
        twin = spelled.get(name.lower())
        sentence = (
            gettext("Your organisation has no custom field “%(name)s”: create it, or correct the name.")
            if twin is None
            else gettext("“%(name)s” fills no custom field: yours is written “%(twin)s”.")
        )
        yield Problem(
            AREA_NAME, f"mapping.fields.{number}", sentence % {"name": name, "twin": twin}, blocking=False
        )


def _brought_along(survey: object) -> Iterator[str]:
    """The idents of the fields a section of the survey holds, whatever JSON it is."""
    fields = survey.get("fields") if isinstance(survey, Mapping) else None
    for one in fields if isinstance(fields, list) else ():
        if isinstance(one, Mapping) and isinstance(one.get("ident"), str):
            yield one["ident"]
