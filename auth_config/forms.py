"""The form of how customers are identified: what a person may type, and the sentence when it is wrong."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from areas.contract import Problem, Section
from auth_config import rules, secrets
from auth_config.models import Secret
from auth_config.section import (
    FIELD_LABELS,
    LONGEST_KEYS,
    LONGEST_LIFETIME,
    LONGEST_RETENTION,
    LONGEST_SESSION,
    LONGEST_URL,
    MODE_LABELS,
    SECRETS,
    TRANSFORM_LABELS,
    at,
    field_faults,
    goes_elsewhere,
    incomplete,
    value_faults,
)

MODE_SENTENCES: dict[str, Promise] = {
    rules.ANONYMOUS: _(
        "Nobody signs in, and no customer id is kept: a random number in the visitor’s own browser ties the conversation together."
    ),
    rules.COOKIE: _("The environment recognises the browser by a cookie that no script can read."),
    rules.OAUTH: _(
        "Your own sign-in says who the customer is; the same conversations appear on every device."
    ),
    rules.JWT: _("Your server signs a short token with the customer’s id: for sites without OAuth."),
}
HELP: dict[str, Promise] = {
    "anonymous.allow_unsecured": _(
        "Off, ws:// is refused: only encrypted connections are let in. Loopback of the test environment is exempt."
    ),
    "cookie.lifetime_minutes": _(
        "0 = never expires. A browser keeps any cookie for at most 400 days after the last visit."
    ),
    "cookie.sliding": _(
        "On, the lifetime counts from the last visit. Off, it counts from the first, whatever happens later."
    ),
    "oauth.allow_unsecured": _(
        "Off, ws:// is refused: only encrypted connections are let in. Loopback of the test environment is exempt."
    ),
    "oauth.sign_in_endpoint": _(
        "Where customers sign in. Only the tester uses it; your site sends people there itself."
    ),
    "oauth.authorize_endpoint": _(
        "Exchanges the one-time code for tokens: OpenID Connect calls it the token endpoint."
    ),
    "oauth.refresh_endpoint": _("Gives a new access token. Empty = the same address as above."),
    "oauth.userinfo_endpoint": _(
        "Says who the customer is; asked at sign-in, for each new conversation, and at most once a minute after that."
    ),
    "oauth.client_id": _("The id under which your provider knows this chat."),
    "oauth.redirect_uri": _("Exactly as registered with the provider; it is sent along with the code."),
    "oauth.body_format": _("What your provider’s endpoint reads. The standard is x-www-form-urlencoded."),
    "oauth.client_authentication": _(
        "How id and secret are sent: in a header, in the body, or the id alone."
    ),
    "oauth.scopes": _(
        "Separated by spaces. offline_access is what many providers want before they give a refresh token."
    ),
    "oauth.pkce": _(
        "On, a code without its verifier is refused: cxone('chat', 'setAuthorizationCode', code, verifier)."
    ),
    "oauth.store_access_token": _(
        "Kept encrypted by the environment, for bots that act for the customer. Off, it is used and forgotten."
    ),
    "jwt.allow_unsecured": _(
        "Off, ws:// is refused: only encrypted connections are let in. Loopback of the test environment is exempt."
    ),
    "jwt.algorithm": _("A public key is safer: nothing secret leaves your server."),
    "jwt.public_keys": _(
        "PEM blocks, a JWK or a JWK set. Several keys open at the same time, so keys change without a gap."
    ),
    "jwt.issuer": _("When set, the token’s iss must say exactly this."),
    "jwt.session_minutes": _("How long a sign-in holds before the page must bring a new token."),
    "mapping.enabled": _(
        "Off, the usual names are read: sub, given_name, family_name, or customerId, customerFirstName, customerLastName."
    ),
    "mapping.customer_id": _(
        "A name or a dotted path such as user.id. What stands there must never change for a customer."
    ),
    "mapping.first_name": _("Several paths, separated by commas: the first that has something counts."),
    "mapping.last_name": _("Empty = the usual names."),
    "retention_days": _(
        "Conversations nobody has written in for so many days are erased. 0 = kept for ever."
    ),
}
_NUMBERS = {
    "cookie.lifetime_minutes": LONGEST_LIFETIME,
    "jwt.session_minutes": LONGEST_SESSION,
    "retention_days": LONGEST_RETENTION,
}
_CHOICES: dict[str, list[tuple[str, Any]]] = {
    "oauth.body_format": [("form", "x-www-form-urlencoded"), ("json", "JSON")],
    "oauth.client_authentication": [
        ("basic", _("In a header (client_secret_basic)")),
        ("post", _("In the body (client_secret_post)")),
        ("none", _("Id alone (none)")),
    ],
    "jwt.algorithm": [
        ("shared", _("Shared secret (HS256)")),
        ("public", _("Public key (RS256, PS256, ES256, EdDSA)")),
    ],
}
_ROW = re.compile(r"map-(\d{1,4})-(field|path|transform)", re.ASCII)
#: Empty rows offered for new custom fields.
SPARE_ROWS = 3
#: Shared secrets of HS256 have at least the length of the hash (RFC 7518 3.2).
SHORTEST_SHARED = 32


def name_of(path: str) -> str:
    """The form field's name of a place in the section."""
    return path.replace(".", "_")


@dataclass
class Row:
    """One custom field as it stands on the page."""

    number: int
    field: str
    path: str
    transform: str
    errors: list[str]
    remarks: list[str] = dataclasses.field(default_factory=list)

    @property
    def wrong(self) -> set[str]:
        """Which of "field", "path", "transform" the errors speak of."""
        if not self.errors:
            return set()
        found = set()
        if not self.path.strip(" ,") or len(self.path) > rules.LONGEST_PATH:
            found.add("path")
        if self.transform not in rules.TRANSFORMS:
            found.add("transform")
        if len(self.errors) > len(found):
            found.add("field")
        return found


class AuthForm(forms.Form):
    """Fields over the section of `auth_config`. `rows` are the custom fields; secrets are empty unless typed anew."""

    mode = forms.ChoiceField(
        label=_("Chat security"), choices=[(k, v) for k, v in MODE_LABELS.items()], widget=forms.RadioSelect
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, data: Any = None, *, section: Section, may_edit: bool, seen: str = "") -> None:
        initial: dict[str, Any] = {
            "mode": section["mode"],
            "seen": seen,
            "retention_days": section["retention_days"],
        }
        for group in (*rules.MODES, "mapping"):
            for name, value in section[group].items():
                if (group, name) != ("mapping", "fields"):
                    initial[f"{group}_{name}"] = value
        self.base = section
        self.may_edit = may_edit
        self.secret_rows: dict[str, Secret | None] = {}
        for group, name, previous in SECRETS:
            initial.pop(f"{group}_{previous}")
            initial[f"{group}_{name}"] = ""
            for key in (name, previous):
                self.secret_rows[f"{group}_{key}"] = secrets.find(section[group][key])
        super().__init__(data, initial=initial)
        for path in FIELD_LABELS:
            self._add(path)
        self.fields["retention_days"] = forms.IntegerField(
            label=cast(Any, _("Days conversations are kept")),
            help_text=cast(Any, HELP["retention_days"]),
            min_value=0,
            max_value=LONGEST_RETENTION,
        )
        if not may_edit:
            for one in self.fields.values():
                one.disabled = True
        self.rows = self._rows()

    def _add(self, path: str) -> None:
        group, _dot, name = path.partition(".")
        value = at(self.base, path)
        label, help_text = cast(Any, FIELD_LABELS[path]), cast(Any, HELP.get(path, ""))
        made: forms.Field
        if any((group, name) == (one, previous) for one, _name, previous in SECRETS):
            return
        if any((group, name) == (one, key) for one, key, _previous in SECRETS):
            made = forms.CharField(
                label=label,
                required=False,
                max_length=1000,
                strip=True,
                widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
            )
            self.fields[f"keep_{group}"] = forms.BooleanField(
                label=cast(Any, _("Accept the former secret as well, until it is removed")),
                required=False,
                initial=True,
            )
            self.fields[f"drop_{group}"] = forms.BooleanField(
                label=cast(Any, _("Remove the former secret")), required=False
            )
        elif path in _CHOICES:
            made = forms.ChoiceField(
                label=label, help_text=help_text, choices=_CHOICES[path], widget=forms.RadioSelect
            )
        elif isinstance(value, bool):
            made = forms.BooleanField(label=label, help_text=help_text, required=False)
        elif isinstance(value, int):
            made = forms.IntegerField(label=label, help_text=help_text, min_value=0, max_value=_NUMBERS[path])
        elif path == "jwt.public_keys":
            made = forms.CharField(
                label=label,
                help_text=help_text,
                required=False,
                max_length=LONGEST_KEYS,
                widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "form-control"}),
            )
        else:
            made = forms.CharField(
                label=label,
                help_text=help_text,
                required=False,
                max_length=LONGEST_URL,
                widget=forms.TextInput(
                    attrs={"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
                ),
            )
        self.fields[name_of(path)] = made

    def _rows(self) -> list[Row]:
        """The custom fields as typed, else as saved; empty rows are dropped."""
        typed: dict[int, dict[str, str]] = {}
        if self.is_bound and self.may_edit:
            for key, value in self.data.items():
                match = _ROW.fullmatch(key)
                if match is not None:
                    typed.setdefault(int(match[1]), {})[match[2]] = str(value).strip()
            entries = [typed[number] for number in sorted(typed)]
        else:
            entries = self.base["mapping"]["fields"]
        kept = [one for one in entries if one.get("field") or one.get("path")]
        return [
            Row(number, one.get("field", ""), one.get("path", ""), one.get("transform", "none"), [])
            for number, one in enumerate(kept)
        ]

    @property
    def spare_rows(self) -> list[Row]:
        """Empty rows after those there are; none past the limit."""
        there = len(self.rows)
        return [
            Row(there + n, "", "", "none", [])
            for n in range(min(SPARE_ROWS, max(0, rules.MOST_FIELDS - there)))
        ]

    def mapped(self) -> list[dict[str, str]]:
        return [{"field": row.field, "path": row.path, "transform": row.transform} for row in self.rows]

    def say(self, remarks: Iterable[Problem]) -> list[str]:
        """Put remarks at the rows they speak of; returns the sentences of the others."""
        others = []
        for remark in remarks:
            path, _dot, number = remark.path.rpartition(".")
            if path == "mapping.fields":
                self.rows[int(number)].remarks.append(str(remark.message))
            else:
                others.append(str(remark.message))
        return others

    def mode_fields(self, group: str) -> list[forms.BoundField]:
        return [
            self[name_of(path)]
            for path in FIELD_LABELS
            if path.startswith(f"{group}.") and name_of(path) in self.fields
        ]

    def clean_jwt_secret(self) -> str:
        secret = str(self.cleaned_data["jwt_secret"])
        if secret and len(secret) < SHORTEST_SHARED:
            raise ValidationError(
                _("A shared secret has at least %(count)s characters; this one could be guessed."),
                params={"count": SHORTEST_SHARED},
            )
        return secret

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for path, sentence in field_faults(self.mapped()):
            number = int(path.rsplit(".", 1)[1])
            self.rows[number].errors.append(str(sentence))
        if any(row.errors for row in self.rows):
            first = next(row for row in self.rows if row.errors)
            self.add_error(
                None,
                gettext("Mapping, row %(row)s: %(what)s")
                % {"row": first.number + 1, "what": first.errors[0]},
            )
        section = self.typed()
        faults = [*value_faults(section)]
        faults += [one for one in incomplete(section) if one[0] not in {path for path, _sentence in faults}]
        for path, sentence in faults:
            name = name_of(path)
            if path.startswith("mapping.fields") or name in self.errors:
                continue
            group, _dot, key = path.partition(".")
            if any((group, key) == (one, secret) for one, secret, _previous in SECRETS) and cleaned.get(name):
                continue  # typed just now: kept when everything else is right
            self.add_error(name if name in self.fields else None, cast(Any, sentence))
        if (
            section["oauth"]["client_secret"]
            and self.goes_elsewhere(section)
            and not cleaned.get("oauth_client_secret")
            and "oauth_client_secret" not in self.errors
        ):
            self.add_error(
                "oauth_client_secret",
                _(
                    "The secret would go to another host than before: type it once more, so that it gets there on purpose."
                ),
            )
        return cleaned

    def typed(self) -> Section:
        """The section with what was typed, where it was right; secrets stay as they are, references of what is saved."""
        cleaned = self.cleaned_data
        made = copy.deepcopy(self.base)
        made["mode"] = cleaned.get("mode", made["mode"])
        made["retention_days"] = cleaned.get("retention_days", made["retention_days"])
        hidden = {(group, key) for group, *keys in SECRETS for key in keys}
        for path in FIELD_LABELS:
            group, _dot, name = path.partition(".")
            if (group, name) not in hidden and name_of(path) in cleaned:
                value = cleaned[name_of(path)]
                made[group][name] = value.replace("\r\n", "\n") if isinstance(value, str) else value
        made["mapping"]["fields"] = self.mapped()
        if made["oauth"]["client_authentication"] == "none" and self.goes_elsewhere(made):
            # Not sent now, and not to be sent there later.
            made["oauth"]["client_secret"] = made["oauth"]["previous_client_secret"] = ""
        return made

    def goes_elsewhere(self, typed: Section) -> bool:
        """Whether the saved client secret would be sent to another host than before."""
        return bool(self.base["oauth"]["client_secret"]) and goes_elsewhere(
            typed["oauth"], self.base["oauth"]
        )

    def section(self, base: Section, *, by: User | None = None) -> Section:
        """What was typed over `base`. With `by`, secrets typed anew are kept, encrypted, in this very transaction."""
        self.base = base
        made = self.typed()
        for group, name, previous in SECRETS:
            typed = self.cleaned_data.get(f"{group}_{name}", "")
            if typed and by is not None:
                keep = self.cleaned_data.get(f"keep_{group}")
                if group == "oauth" and self.goes_elsewhere(made):
                    keep = False
                made[group][previous] = made[group][name] if keep else ""
                made[group][name] = secrets.keep(typed, by=by).reference
            elif self.cleaned_data.get(f"drop_{group}"):
                made[group][previous] = ""
        return made

    def provider_section(self) -> dict[str, Any]:
        """The section's `oauth` as typed, with the secrets themselves: for the tester's ears only."""
        made = self.typed()
        oauth = made["oauth"]
        typed = self.cleaned_data.get("oauth_client_secret", "")
        stored = [
            secrets.reveal(oauth[key])
            for key in ("client_secret", "previous_client_secret")
            if oauth[key] and not self.goes_elsewhere(made)
        ]
        return {**oauth, "secrets": [typed, *stored] if typed else stored}


TRANSFORM_CHOICES = list(TRANSFORM_LABELS.items())
