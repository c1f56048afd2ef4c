"""The settings of docs_search."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from shared.settings import SubagentSettings, require_secure_url

SHIPPED_ARTICLES = Path(__file__).parent / "articles"


class DocsSearchSettings(SubagentSettings):
    """What docs_search has besides: its knowledge base, and where people read the articles."""

    knowledge_folder: Path = Field(SHIPPED_ARTICLES, description="the folder of articles")
    knowledge_index: Path = Field(
        Path("var/docs_search/knowledge.sqlite3"), description="the file that holds the index of KNOWLEDGE_FOLDER"
    )
    docs_base_url: str = Field(
        "https://docs.helpdesk.example/", description="the URL below which each article is read, with a trailing slash"
    )

    @model_validator(mode="after")
    def _verify_docs(self) -> Self:
        require_secure_url("DOCS_BASE_URL", self.docs_base_url, local=self.is_local)
        if not self.docs_base_url.endswith("/"):
            raise ValueError("DOCS_BASE_URL has no trailing slash: an article's name is put after it; add one.")
        if not self.knowledge_folder.is_dir():
            raise ValueError("KNOWLEDGE_FOLDER is not a folder: set it to the one that holds the articles.")
        return self
