"""What Auth0 answers where nothing was said, as far as an export of the Deploy CLI shows it."""

from typing import Any

API_DEFAULTS: dict[str, Any] = {
    "scopes": [],
    "signing_alg": "RS256",
    "allow_offline_access": False,
    "skip_consent_for_verifiable_first_party_clients": False,
    "token_lifetime": 86400,
    "token_dialect": "access_token",
    "enforce_policies": False,
    "subject_type_authorization": {"user": {"policy": "allow_all"}, "client": {"policy": "require_client_grant"}},
}
CLIENT_DEFAULTS: dict[str, Any] = {
    "is_first_party": True,
    "oidc_conformant": True,
    "is_token_endpoint_ip_header_trusted": False,
    "sso_disabled": False,
    "cross_origin_authentication": False,
    "custom_login_page_on": True,
    "callbacks": [],
    "allowed_clients": [],
    "allowed_logout_urls": [],
    "grant_types": [],
    "jwt_configuration": {"alg": "RS256", "lifetime_in_seconds": 36000, "secret_encoded": False},
    "refresh_token": {
        "rotation_type": "non-rotating",
        "expiration_type": "non-expiring",
        "leeway": 0,
        "token_lifetime": 2592000,
        "infinite_token_lifetime": True,
        "idle_token_lifetime": 1296000,
        "infinite_idle_token_lifetime": True,
    },
}
FACTORS = (
    "sms",
    "push-notification",
    "otp",
    "email",
    "duo",
    "webauthn-roaming",
    "webauthn-platform",
    "recovery-code",
)
