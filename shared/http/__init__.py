"""The one door to HTTP clients."""

from shared.http._client import create_http_client
from shared.http._public import NotPublic, PublicUrls, create_public_http_client, is_public, look_up

__all__ = ["NotPublic", "PublicUrls", "create_http_client", "create_public_http_client", "is_public", "look_up"]
