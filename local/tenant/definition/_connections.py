"""Connections: other systems that people have accounts at, and connect them from."""

from typing import Literal

from local.tenant.definition._base import Part, Text


class Switch(Part):
    """Whether something is on."""

    active: bool = False


class OktaOptions(Part):
    """How the tenant is a client of an Okta organisation.

    `domain` and `jwks_uri` are Auth0's to use: here `issuer` says where it is, and userinfo whose account it is.
    """

    without_effect = frozenset({"icon_url", "set_user_root_attributes"})

    type: Literal["back_channel"]
    domain: Text
    jwks_uri: Text
    client_id: Text
    client_secret: Text
    issuer: Text
    authorization_endpoint: Text
    token_endpoint: Text
    userinfo_endpoint: Text
    scope: Text

    @property
    def revocation_endpoint(self) -> str:
        """Where Okta takes tokens back (RFC 7009); it is no option of Auth0's."""
        return f"{self.issuer}/oauth2/v1/revoke"


class Source(Part):
    """Where people come from, and which clients may know."""

    name: Text
    enabled_clients: tuple[str, ...] = ()


class Connection(Source):
    """A connection. People connect accounts of it where `connected_accounts` is on; nobody signs in with it here."""

    strategy: Literal["okta"]
    display_name: str = ""
    authentication: Switch = Switch()
    connected_accounts: Switch = Switch()
    options: OktaOptions
