"""The members of request bodies, as the Management API's published client declares them.

`tests/auth0/test_published_client.py` holds these lists against that client. That a member is known does not mean that
the local tenant does what it says: what it does not do is refused, too, in other words.
"""

from typing import Final

CREATE_API: Final = frozenset(
    {
        *("name", "identifier", "scopes", "signing_alg", "signing_secret", "allow_offline_access"),
        *("allow_online_access", "allow_online_access_with_ephemeral_sessions", "token_lifetime", "token_dialect"),
        *("skip_consent_for_verifiable_first_party_clients", "enforce_policies", "token_encryption", "consent_policy"),
        *("authorization_details", "proof_of_possession", "subject_type_authorization", "authorization_policy"),
    }
)
UPDATE_API: Final = CREATE_API - {"identifier"}
UPDATE_SYSTEM_API: Final = frozenset(
    {
        *("token_lifetime", "proof_of_possession", "skip_consent_for_verifiable_first_party_clients"),
        *("subject_type_authorization", "authorization_policy"),
    }
)
_CLIENT: Final = frozenset(
    {
        *("name", "description", "logo_uri", "callbacks", "oidc_logout", "oidc_backchannel_logout", "session_transfer"),
        *("allowed_origins", "web_origins", "client_aliases", "allowed_clients", "allowed_logout_urls", "grant_types"),
        *("token_endpoint_auth_method", "is_token_endpoint_ip_header_trusted", "app_type", "is_first_party"),
        *("oidc_conformant", "jwt_configuration", "encryption_key", "sso", "cross_origin_authentication"),
        *("cross_origin_loc", "sso_disabled", "custom_login_page_on", "custom_login_page", "custom_login_page_preview"),
        *("form_template", "addons", "client_metadata", "mobile", "initiate_login_uri", "native_social_login"),
        *("fedcm_login", "refresh_token", "default_organization", "organization_usage"),
        *("organization_require_behavior", "organization_discovery_methods", "client_authentication_methods"),
        *("require_pushed_authorization_requests", "require_proof_of_possession", "signed_request_object"),
        *("token_vault_privileged_access", "compliance_level", "token_exchange", "par_request_expiry", "token_quota"),
        *("skip_non_verifiable_callback_uri_confirmation_prompt", "identity_assertion_authorization_grant"),
        *("third_party_security_mode", "redirection_policy", "express_configuration", "b2b_integration_configuration"),
        *("my_organization_configuration", "async_approval_notification_channels"),
    }
)
CREATE_CLIENT: Final = _CLIENT | {"resource_server_identifier"}
UPDATE_CLIENT: Final = _CLIENT | {"client_secret"}
CREATE_CREDENTIAL: Final = frozenset(
    {"credential_type", "name", "subject_dn", "pem", "alg", "parse_expiry_from_cert", "expires_at", "kid"}
)
CREATE_GRANT: Final = frozenset(
    {
        *("client_id", "audience", "default_for", "organization_usage", "allow_any_organization", "scope"),
        *("subject_type", "authorization_details_types", "allow_all_scopes"),
    }
)
UPDATE_GRANT: Final = frozenset(
    {"scope", "organization_usage", "allow_any_organization", "authorization_details_types", "allow_all_scopes"}
)
CREATE_CONNECTION: Final = frozenset(
    {
        *("name", "display_name", "strategy", "options", "enabled_clients", "is_domain_connection", "show_as_button"),
        *("realms", "metadata", "authentication", "connected_accounts", "cross_app_access_requesting_app"),
        "cross_app_access_resource_app",
    }
)
UPDATE_CONNECTION: Final = CREATE_CONNECTION - {"name", "strategy"}
CREATE_ROLE: Final = frozenset({"name", "description", "type", "owner_id"})
UPDATE_ROLE: Final = frozenset({"name", "description"})
UPDATE_TENANT: Final = frozenset(
    {
        *("change_password", "device_flow", "guardian_mfa_page", "default_audience", "default_directory", "error_page"),
        *("default_token_quota", "flags", "friendly_name", "picture_url", "support_email", "support_url"),
        *("allowed_logout_urls", "session_lifetime", "session_lifetime_in_minutes", "idle_session_lifetime"),
        *("idle_session_lifetime_in_minutes", "ephemeral_session_lifetime", "idle_ephemeral_session_lifetime"),
        *("ephemeral_session_lifetime_in_minutes", "idle_ephemeral_session_lifetime_in_minutes", "sandbox_version"),
        *("legacy_sandbox_version", "default_redirection_uri", "enabled_locales", "security_headers", "session_cookie"),
        *("sessions", "oidc_logout", "customize_mfa_in_postlogin_action", "acr_values_supported", "mtls"),
        *("allow_organization_name_in_authentication_api", "pushed_authorization_requests_supported"),
        *("authorization_response_iss_parameter_supported", "skip_non_verifiable_callback_uri_confirmation_prompt"),
        *("resource_parameter_profile", "client_id_metadata_document_supported", "enable_ai_guide"),
        *("phone_consolidated_experience", "include_session_metadata_in_tenant_logs", "country_codes"),
        "dynamic_client_registration_security_mode",
    }
)
