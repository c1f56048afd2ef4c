"""Packs the two functions for AWS Lambda: `python -m deploy.aws.docs.package [--articles FOLDER] [--output FOLDER]`.

The index is built here and shipped with the code, so that the function needs no network and no disk to write to. The
same sources and articles give the same bytes: a deployment changes nothing where nothing has changed.
"""

import argparse
import hashlib
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import snowballstemmer

from deploy.aws.docs.tool import INDEX_FILE
from knowledge import BedrockEmbedder, Embedder, EmbeddingsUnavailable
from knowledge.building import build_index

ROOT: Final = Path(__file__).resolve().parents[3]
SEARCH: Final = "docs-search.zip"
INTERCEPTOR: Final = "docs-interceptor.zip"

_COMMON: Final = ("deploy/__init__.py", "deploy/aws/__init__.py", "deploy/aws/docs/__init__.py")
_INTERCEPTOR: Final = ("identity.py", "interceptor.py", "interceptor_function.py")
_SEARCH: Final = ("arguments.py", "identity.py", "search_function.py", "tool.py")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o100644 << 16


class NoArticles(Exception):
    """The folder holds no article that can be read."""


def pack(articles: Path, output: Path, *, embeddings: str | None = None) -> dict[str, Path]:
    """Writes the packages of both functions into a folder.

    Args:
        articles: The knowledge base that is shipped.
        output: Made if it is missing.
        embeddings: The model of Amazon Bedrock whose vectors the index gets.

    Returns:
        The files, by the name of each package.

    Raises:
        NoArticles: There would be nothing to search.
        EmbeddingsUnavailable: The model does not give vectors of all articles.
        ValueError: The model is not one that is known.
        OSError: Something cannot be read or written.
    """
    output.mkdir(parents=True, exist_ok=True)
    own = Path("deploy/aws/docs")
    common = {name: (ROOT / name).read_bytes() for name in _COMMON}
    interceptor = {f"{own}/{name}": (ROOT / own / name).read_bytes() for name in _INTERCEPTOR}
    search = {f"{own}/{name}": (ROOT / own / name).read_bytes() for name in _SEARCH}
    search |= dict(_modules(ROOT / "knowledge", "knowledge"))
    search |= dict(_modules(Path(snowballstemmer.__file__).parent, "snowballstemmer"))
    search[INDEX_FILE] = _index(articles, BedrockEmbedder(embeddings) if embeddings else None)
    return {
        SEARCH: _write(output / SEARCH, common | search),
        INTERCEPTOR: _write(output / INTERCEPTOR, common | interceptor),
    }


def _modules(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """The modules of a package, without its subpackages: what builds an index stays at home."""
    for path in folder.glob("*.py"):
        yield f"{name}/{path.name}", path.read_bytes()


def _index(articles: Path, embedder: Embedder | None) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / INDEX_FILE
        report = build_index(articles, path, embedder=embedder)
        for file in report.unreadable:
            sys.stderr.write(f"left out: {file.path}: {file.reason}\n")
        if report.embedding_problem:
            raise EmbeddingsUnavailable(report.embedding_problem)
        if not report.articles:
            raise NoArticles(f"{articles} holds no article that can be read.")
        return path.read_bytes()


def _write(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _MODE
            package.writestr(entry, files[name])
    return path


def main() -> int:
    """Packs, and says what came of it; 1 with one line where it cannot."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.aws.docs.package", description="Packs the Lambda functions."
    )
    parser.add_argument(
        "--articles", type=Path, default=ROOT / "agents/docs_search/articles", help="the knowledge base"
    )
    parser.add_argument("--output", type=Path, default=Path("var/packages"), help="the folder to write to")
    parser.add_argument("--embeddings", help="the embedding model of Amazon Bedrock, as KNOWLEDGE_EMBEDDINGS has it")
    options = parser.parse_args()
    try:
        packages = pack(options.articles, options.output, embeddings=options.embeddings)
    except (NoArticles, EmbeddingsUnavailable, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for path in packages.values():
        content = path.read_bytes()
        sys.stdout.write(f"{path}  {len(content) / 1024:.0f} KiB  sha256 {hashlib.sha256(content).hexdigest()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
