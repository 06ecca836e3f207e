"""The section as the API describes it; the rules stay in section.check."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from auth_config import rules
from auth_config.section import CHOICES, LONGEST_LIFETIME, LONGEST_RETENTION, LONGEST_SESSION

_SECRET_HELP = "Write-only: “<secret>” stands for the one there is; any other text is a new one; “” is none."  # noqa: S105 - help


class AnonymousSerializer(serializers.Serializer[dict[str, Any]]):
    allow_unsecured = serializers.BooleanField(help_text="Whether ws:// is let in.")


class CookieSerializer(serializers.Serializer[dict[str, Any]]):
    lifetime_minutes = serializers.IntegerField(
        min_value=0, max_value=LONGEST_LIFETIME, help_text="0 = never expires."
    )
    sliding = serializers.BooleanField(help_text="Counted from the last visit, not from the first.")


class OAuthSerializer(serializers.Serializer[dict[str, Any]]):
    allow_unsecured = serializers.BooleanField(help_text="Whether ws:// is let in.")
    sign_in_endpoint = serializers.CharField(allow_blank=True, help_text="Used by the tester only.")
    authorize_endpoint = serializers.CharField(
        allow_blank=True, help_text="Exchanges the code: OpenID Connect’s token endpoint."
    )
    refresh_endpoint = serializers.CharField(allow_blank=True, help_text="“” = authorize_endpoint.")
    userinfo_endpoint = serializers.CharField(allow_blank=True)
    client_id = serializers.CharField(allow_blank=True)
    client_secret = serializers.CharField(allow_blank=True, help_text=_SECRET_HELP)
    previous_client_secret = serializers.CharField(
        allow_blank=True, help_text="Tried when the newest is refused. " + _SECRET_HELP
    )
    redirect_uri = serializers.CharField(allow_blank=True)
    body_format = serializers.ChoiceField(choices=CHOICES["oauth.body_format"])
    client_authentication = serializers.ChoiceField(choices=CHOICES["oauth.client_authentication"])
    scopes = serializers.CharField(allow_blank=True, help_text="Separated by spaces.")
    pkce = serializers.BooleanField(help_text="Whether a code without its verifier is refused.")
    store_access_token = serializers.BooleanField()


class JwtSerializer(serializers.Serializer[dict[str, Any]]):
    allow_unsecured = serializers.BooleanField(help_text="Whether ws:// is let in.")
    algorithm = serializers.ChoiceField(choices=CHOICES["jwt.algorithm"])
    secret = serializers.CharField(allow_blank=True, help_text=_SECRET_HELP)
    previous_secret = serializers.CharField(allow_blank=True, help_text="Accepted as well. " + _SECRET_HELP)
    public_keys = serializers.CharField(allow_blank=True, help_text="PEM blocks, a JWK or a JWK set.")
    issuer = serializers.CharField(allow_blank=True)
    session_minutes = serializers.IntegerField(min_value=1, max_value=LONGEST_SESSION)


class MappedFieldSerializer(serializers.Serializer[dict[str, Any]]):
    field = serializers.CharField(max_length=rules.LONGEST_ID)
    path = serializers.CharField(
        max_length=rules.LONGEST_PATH, help_text="A name or dotted path; several with commas."
    )
    transform = serializers.ChoiceField(choices=rules.TRANSFORMS)


class MappingSerializer(serializers.Serializer[dict[str, Any]]):
    enabled = serializers.BooleanField()
    customer_id = serializers.CharField(allow_blank=True)
    first_name = serializers.CharField(allow_blank=True)
    last_name = serializers.CharField(allow_blank=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`fields` is a name of the framework's own, so it is added here."""
        return {
            **super().get_fields(),
            "fields": MappedFieldSerializer(many=True, max_length=rules.MOST_FIELDS),  # type: ignore[call-arg]
        }


class SectionSerializer(serializers.Serializer[dict[str, Any]]):
    """How a channel's customers are identified, and how long their conversations are kept."""

    format = serializers.IntegerField(min_value=1, max_value=1)
    mode = serializers.ChoiceField(choices=rules.MODES)
    epoch = serializers.IntegerField(min_value=0, help_text="One more signs every customer out.")
    retention_days = serializers.IntegerField(
        min_value=0, max_value=LONGEST_RETENTION, help_text="0 = for ever."
    )
    anonymous = AnonymousSerializer()
    cookie = CookieSerializer()
    oauth = OAuthSerializer()
    jwt = JwtSerializer()
    mapping = MappingSerializer()
