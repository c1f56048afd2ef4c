"""Serves the web chat."""

from portal.web.settings import WebSettings
from shared.a2a import main

main("web", WebSettings, "portal.web.app")
