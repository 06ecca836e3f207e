"""The tester: one whole sign-in against a provider, step by step, with what was sent and answered, and what to mend.

Nothing of it is kept: neither the tokens nor the answers. What is shown is masked.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from auth_config import id_token, rules
from kit import http, oauth
from kit.http import SafeClient
from kit.oauth import Call, Provider, ProviderFailed, Step, Tokens, Trace

#: The protocol's steps, and the one that is ours alone to look at.
TrialStep = Step | Literal["id_token"]

STEPS: dict[TrialStep, Promise] = {
    "authorize": _("Sign-in page"),
    "token": _("Code for tokens"),
    "id_token": _("Identity token (id_token)"),
    "refresh": _("Refresh token"),
    "userinfo": _("UserInfo and mapping"),
}

#: What to mend, by the code of a failure.
MEND: dict[str, Promise] = {
    "bad_url": _("The address is not complete. Correct the endpoint."),
    "not_https": _("The address is not https. Use the provider’s https address."),
    "forbidden_address": _(
        "The name leads into a private network, which is never called. Use the provider’s public address."
    ),
    "unresolvable": _("No server has this name. Look for a typing mistake in the endpoint."),
    "unreachable": _(
        "The server does not take the connection. Is it running, and open to the internet on this port?"
    ),
    "tls": _(
        "The server’s certificate is not accepted: expired, for another name, or its chain is incomplete. Renew it at the provider."
    ),
    "timeout": _(
        "The provider did not answer in time. It must answer within seconds, or customers wait in vain."
    ),
    "too_large": _("The answer is far larger than a token or a customer’s data. Is this the right endpoint?"),
    "redirected": _("The endpoint redirects elsewhere. Enter the address it leads to."),
    "too_many_redirects": _("The address redirects in a circle."),
    "rubbish": _("The answer is not JSON. Is this the right endpoint, and not a page for people?"),
    "server_error": _("The provider reports a fault of its own (5xx). Look into its log."),
    "invalid_client": _(
        "The provider does not accept the client: the secret is wrong, or id and secret belong in the other place (header or body)."
    ),
    "invalid_grant": _(
        "The code has expired, was used before, or was made for another client or redirect URI. Sign in again for a new one, and be quick."
    ),
    "invalid_refresh": _(
        "The provider does not take its own refresh token back. Is refreshing allowed for this client?"
    ),
    "redirect_mismatch": _(
        "The redirect URI is not the one registered with the provider. Copy it from there, letter for letter."
    ),
    "body_format": _("The provider could not read the request. Choose the other format of the body."),
    "unsupported_grant": _(
        "The provider does not allow this grant for the client. Allow “authorization_code” and “refresh_token” there."
    ),
    "invalid_scope": _(
        "The provider does not know one of the scopes. Remove it, or allow it for the client."
    ),
    "denied": _(
        "UserInfo refuses the access token. Is “openid” among the scopes, and is this the same provider?"
    ),
    "no_token": _("The answer holds no access_token. Is “Authorise” really the token endpoint?"),
    "refused": _("The provider refused the request. Its own words are in the answer below."),
    "state": _(
        "The address you pasted belongs to another attempt: its state is not ours. Open the sign-in page again."
    ),
    "no_state": _(
        "The address you pasted has a code and no state. A provider hands the state back as it came; without it nobody can tell whose code this is. Paste the whole address."
    ),
    "no_code": _(
        "There is no code in what you pasted. Paste the whole address the provider sent you back to, or the code alone."
    ),
    "provider_error": _("The provider sent the customer back with an error instead of a code."),
    "no_customer": _(
        "UserInfo answered, but no customer id was found where the mapping looks. Choose the field below."
    ),
    "no_refresh": _(
        "The provider gave no refresh token: customers sign in again when the access token ends. Many providers want the scope offline_access."
    ),
}

#: What to mend when the id_token is not to be believed, by the code of id_token.IdTokenRefused.
MEND_ID_TOKEN: dict[str, Promise] = {
    "missing": _(
        "The scope openid is asked for, yet the answer holds no id_token. Allow OpenID Connect for this client at the provider, or remove openid from the scopes."
    ),
    "malformed": _(
        "The id_token is no signed token (JWT). Is OpenID Connect set up for this client at the provider?"
    ),
    "encrypted": _("The id_token is encrypted. Have the provider sign it only, for this client."),
    "algorithm": _(
        "The id_token is not signed in a way that counts. Choose RS256, PS256, ES256 or EdDSA for this client at the provider."
    ),
    "no_issuer": _(
        "The issuer the id_token names (iss) has no discovery document, so its keys cannot be found. Correct the issuer at the provider, and publish the document there."
    ),
    "issuer": _(
        "The issuer the id_token names (iss) is not the provider behind “Authorise”: its own document says otherwise. Correct the endpoint, or the issuer at the provider."
    ),
    "keys": _(
        "The provider’s public keys cannot be read at the address its document names (jwks_uri). Correct it at the provider."
    ),
    "unknown_key": _(
        "The id_token is signed by a key that is not among the provider’s public ones. Publish the key before it signs."
    ),
    "signature": _(
        "The signature of the id_token is not the provider’s. Is a former key still signing, or another server behind the endpoint?"
    ),
    "audience": _(
        "The id_token was made for another client (aud). Compare the client id, letter for letter."
    ),
    "expired": _(
        "The id_token was over when it came (exp). Set the provider’s clock, or have it live longer than a minute."
    ),
    "not_yet": _("The id_token begins in the future (iat): the provider’s clock is ahead. Set it."),
    "nonce": _(
        "The id_token does not carry the nonce of this attempt: it belongs to another sign-in, or the provider drops the nonce. Open the sign-in page again; if it stays so, correct the provider."
    ),
    "no_subject": _("The id_token names nobody (sub). Correct the provider’s claims."),
    "other_subject": _(
        "UserInfo speaks of somebody else than the id_token: their sub differ. Both must come from the same sign-in; look into the provider."
    ),
}

Verdict = Literal["good", "bad", "skipped"]
_HIDDEN = re.compile(r"secret|token|code|assertion|authorization|password|verifier|cookie", re.IGNORECASE)
_MOST_SHOWN = 4000


@dataclass
class Line:
    """One step's outcome, for people. `request` and `answer` are masked."""

    step: TrialStep
    verdict: Verdict
    says: str
    seconds: float = 0.0
    request: str = ""
    answer: str = ""
    details: list[str] = field(default_factory=list)

    @property
    def label(self) -> Promise:
        return STEPS[self.step]


@dataclass(frozen=True)
class Flow:
    """What a sign-in was begun with."""

    state: str = ""
    nonce: str = ""
    verifier: str = ""


def run(
    given: Provider, mapping: Mapping[str, Any], *, sign_in_endpoint: str, landing: str, flow: Flow
) -> Iterator[Line]:
    """The steps one after the other, each as soon as it is done; the first that customers would stumble over is the last.

    The environment goes by UserInfo, so an id_token that is not to be believed is said, and the steps go on.
    """
    yield (first := _authorize(given, sign_in_endpoint, flow))
    if first.verdict == "bad":
        return
    code, problem = _code(landing, flow)
    if problem is not None:
        yield problem
        return
    tokens, line = _with_tokens(
        "token",
        given,
        lambda client, trace: oauth.exchange(client, given, code, verifier=flow.verifier, trace=trace),
    )
    yield line
    if tokens is None:
        return
    subject: object = None
    if "openid" in given.scopes.split():
        subject, line = _id_token(given, tokens, flow)
        yield line
    if tokens.refresh_token:
        newer, line = _with_tokens(
            "refresh",
            given,
            lambda client, trace: oauth.refresh(client, given, tokens.refresh_token, trace=trace),
        )
        yield line
        if newer is None:
            return
        tokens = newer
    else:
        yield Line("refresh", "skipped", str(MEND["no_refresh"]))
    yield _userinfo(given, mapping, tokens, subject)


def _authorize(given: Provider, endpoint: str, flow: Flow) -> Line:
    if not endpoint:
        return Line("authorize", "skipped", gettext("No sign-in page is set, so this step was left out."))
    url = oauth.sign_in_url(
        endpoint, given, state=flow.state or "test", nonce=flow.nonce or "test", verifier=flow.verifier
    )
    trace: Trace = [Call("GET", url, {}, "")]

    async def ask() -> http.Answer:
        async with _client() as client:
            return await client.send("GET", url, headers={"Accept": "text/html"}, any_redirect=True)

    try:
        answer = trace[0].answer = http.run(ask())
    except http.CallFailed as failed:
        return _failed("authorize", ProviderFailed("authorize", failed.code), trace, given)
    sent_to = answer.headers.get("location", "")
    told = parse_qs(urlsplit(sent_to).query).get("error", [""])[0] if answer.status in range(300, 400) else ""
    words = answer.body.decode(errors="replace").lower() if answer.status >= 400 else told
    if answer.status >= 500:
        return _failed("authorize", ProviderFailed("authorize", "server_error", answer.status), trace, given)
    if told in {"login_required", "consent_required", "interaction_required"}:
        words = ""
    if answer.status >= 400 or words:
        code = "refused"
        if "redirect_uri" in words or "redirect uri" in words:
            code = "redirect_mismatch"
        elif "scope" in words:
            code = "invalid_scope"
        elif "client" in words:
            code = "invalid_client"
        return _failed("authorize", ProviderFailed("authorize", code, answer.status, told), trace, given)
    return _line(
        "authorize", "good", gettext("The provider knows the client and the redirect URI."), trace, given
    )


def _code(landing: str, flow: Flow) -> tuple[str, Line | None]:
    """The code in what was pasted: an address, or the code alone."""
    text = landing.strip()
    if "=" not in text and "/" not in text and text:
        return text, None
    query = parse_qs(urlsplit(text).query or urlsplit(text).fragment)
    if query.get("error"):
        said = ": ".join([query["error"][0], *query.get("error_description", [])])[:300]
        return "", Line("token", "bad", str(MEND["provider_error"]), details=[said])
    if flow.state and (state := query.get("state", [""])[0]) != flow.state:
        return "", Line("token", "bad", str(MEND["state" if state else "no_state"]))
    code = query.get("code", [""])[0]
    return (code, None) if code else ("", Line("token", "bad", str(MEND["no_code"])))


def _with_tokens(step: Step, given: Provider, act: Any) -> tuple[Tokens | None, Line]:
    trace: Trace = []

    async def ask() -> Tokens:
        async with _client() as client:
            return await act(client, trace)  # type: ignore[no-any-return]

    try:
        tokens: Tokens = http.run(ask())
    except ProviderFailed as failed:
        return None, _failed(step, failed, trace, given)
    says = gettext("An access token for %(minutes)s minutes, and %(refresh)s.") % {
        "minutes": max(1, tokens.expires_in // 60),
        "refresh": gettext("a refresh token") if tokens.refresh_token else gettext("no refresh token"),
    }
    line = _line(step, "good", says, trace, given)
    if len(trace) > 1:
        line.details.append(gettext("The newest secret was refused; a former one was accepted."))
    return tokens, line


def _id_token(given: Provider, tokens: Tokens, flow: Flow) -> tuple[object, Line]:
    """The token's `sub` (None when it is not to be believed), and what is to be said of it."""
    if not tokens.id_token:
        return None, Line("id_token", "bad", str(MEND_ID_TOKEN["missing"]))
    trace: Trace = []

    async def ask() -> id_token.Verified:
        async with _client() as client:
            return await id_token.verify(
                client, tokens.id_token, given, nonce=flow.nonce, now=time.time(), trace=trace
            )

    try:
        found: id_token.Verified = http.run(ask())
    except id_token.IdTokenRefused as refused:
        line = _line("id_token", "bad", str(MEND_ID_TOKEN[refused.code]), trace, given)
        line.details = [_without(refused.detail, given)] if refused.detail else []
        return None, line
    says = gettext("Signed by %(issuer)s for this client, and good for %(minutes)s minutes more.") % {
        "issuer": found.claims["iss"],
        "minutes": max(1, round((found.claims["exp"] - time.time()) / 60)),
    }
    line = _line("id_token", "good", says, trace, given)
    key = f", kid = {found.key_id}" if found.key_id else ""
    line.details.append(f"alg = {found.algorithm}{key}")
    line.details.append(
        gettext("The nonce is the one of this attempt.")
        if flow.nonce
        else gettext("The code was not made by this page’s sign-in, so there was no nonce to compare.")
    )
    return found.claims["sub"], line


def _userinfo(given: Provider, mapping: Mapping[str, Any], tokens: Tokens, subject: object) -> Line:
    trace: Trace = []

    async def ask() -> dict[str, Any]:
        async with _client() as client:
            return await oauth.userinfo(client, given, tokens.access_token, trace=trace)

    try:
        answer = http.run(ask())
    except ProviderFailed as failed:
        return _failed("userinfo", failed, trace, given)
    found = rules.person(mapping, answer)
    details = [outcome_sentence(one) for one in found.outcomes]
    if subject is not None and answer.get("sub", subject) != subject:
        line = _line("userinfo", "bad", str(MEND_ID_TOKEN["other_subject"]), trace, given)
    elif found.customer is None:
        line = _line("userinfo", "bad", str(MEND["no_customer"]), trace, given)
    else:
        says = gettext("The customer is “%(customer)s”.") % {"customer": found.customer}
        line = _line("userinfo", "good", says, trace, given)
    line.details = details
    return line


WHY: dict[str, Promise] = {
    "missing": _("the answer has no such field"),
    "empty": _("the field is empty"),
    "object": _("the field holds other fields; name one of them"),
    "too_long": _("the value is too long"),
    "not_text": _("the value is no text"),
    "no_path": _("no field is named"),
}
TARGETS: dict[str, Promise] = {
    "customer_id": _("Customer id"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
}


def outcome_sentence(one: rules.Outcome) -> str:
    """« Plan ← user.plan : gold », or why there is nothing."""
    label = one.target if one.custom else str(TARGETS[one.target])
    value = one.value if one.value is not None else gettext("nothing: %(why)s") % {"why": WHY[one.why]}
    return gettext("%(target)s ← %(path)s: %(value)s") % {"target": label, "path": one.path, "value": value}


def _failed(step: Step, failed: ProviderFailed, trace: Trace, given: Provider) -> Line:
    code = "invalid_refresh" if (step, failed.code) == ("refresh", "invalid_grant") else failed.code
    line = _line(step, "bad", str(MEND.get(code, MEND["refused"])), trace, given)
    if failed.detail:
        line.details.append(
            gettext("The provider says: %(words)s") % {"words": _without(failed.detail, given)}
        )
    return line


def _line(step: TrialStep, verdict: Verdict, says: str, trace: Trace, given: Provider) -> Line:
    last = trace[-1] if trace else None
    answer = last.answer if last is not None else None
    return Line(
        step,
        verdict,
        says,
        sum(call.answer.seconds for call in trace if call.answer is not None),
        _request_text(last, given) if last is not None else "",
        _answer_text(answer, given) if answer is not None else "",
    )


def _request_text(call: Call, given: Provider) -> str:
    headers = "".join(f"{name}: {mask(name, value)}\n" for name, value in call.headers.items())
    return _without(
        f"{call.method} {_masked_url(call.url)}\n{headers}\n{_masked_body(call.body)}".strip(), given
    )


def _answer_text(answer: http.Answer, given: Provider) -> str:
    body = answer.body.decode(errors="replace")
    location = answer.headers.get("location")
    head = f"{answer.status} {answer.media_type}\n" + (
        f"Location: {_masked_url(location)}\n" if location else ""
    )
    if answer.media_type == "text/html":
        body = gettext("(a page of %(count)s characters)") % {"count": len(body)}
    return _without(f"{head}\n{_masked_body(body)}", given)[:_MOST_SHOWN]


def mask(name: str, value: Any) -> Any:
    """A value for people to see: what opens something shows its first four characters and its length."""
    if isinstance(value, Mapping):
        return {key: mask(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [mask(name, inner) for inner in value]
    harmless = name in {"token_type", "error_code"} or name.endswith(("_endpoint", "_method", "_supported"))
    if isinstance(value, str) and _HIDDEN.search(name) and not harmless and value:
        return f"{value[:4] if len(value) > 16 else ''}… ({len(value)})"
    return value


def _masked_body(text: str) -> str:
    try:
        return json.dumps(mask("", json.loads(text)), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        pass
    pairs = (
        parse_qsl(text, keep_blank_values=True)
        if "=" in text and "\n" not in text and " " not in text
        else []
    )
    return "\n".join(f"{name}={mask(name, value)}" for name, value in pairs) if pairs else text[:_MOST_SHOWN]


def _masked_url(url: str) -> str:
    parts = urlsplit(url)
    query = urlencode([(name, mask(name, value)) for name, value in parse_qsl(parts.query)], safe="… ():/")
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def _without(text: str, given: Provider) -> str:
    """The last net: no secret of ours, wherever it may have been echoed."""
    for secret in given.secrets:
        if secret:
            text = text.replace(secret, "…")
    return text


def _client() -> SafeClient:
    return SafeClient(loopback=settings.ALLOW_LOOPBACK_PROVIDERS)
