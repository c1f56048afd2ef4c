"""The one door to HTTP clients."""

from shared.http._client import create_http_client

__all__ = ["create_http_client"]
