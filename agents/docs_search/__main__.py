"""Serves docs_search."""

from agents.docs_search.settings import DocsSearchSettings
from shared.a2a import main

main("docs_search", DocsSearchSettings, "agents.docs_search.app")
