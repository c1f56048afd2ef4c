"""A model that puts what was found in a better order, and changes nothing where it is away."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge import BedrockEmbedder, EmbeddingsUnavailable, KnowledgeIndex
from knowledge._embeddings import in_fused_order
from knowledge.building import BuildReport, build_index
from tests.knowledge._bedrock import Bedrock, serve
from tests.knowledge._folder import write

TITAN = "amazon.titan-embed-text-v2:0"
COHERE = "cohere.embed-multilingual-v3"
COHERE_4 = "eu.cohere.embed-v4:0"

# By its title the first is the best; by what its text is like, it is the last.
ARTICLES = {
    "keys.md": (
        "# Lost company key\n\nBicycles, lockers, cabinets, drawers, trolleys, garages, fences, cellars and gates are "
        "opened with brass, steel, plastic or magnetic ones, which are numbered, painted, sorted, oiled and counted.\n"
    ),
    "doors.md": "# Doors\n\nLost company key: tell the front desk.\n",
    "desk.md": "# Desk\n\nThe front desk takes a lost company key and what else was found in the building.\n",
    "soup.md": "# Soup\n\nTomato soup is served on Fridays.\n",
}
QUESTION = "lost company key"


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("ACCESS_KEY_ID", "example"),
        ("SECRET_ACCESS_KEY", "example"),
        ("DEFAULT_REGION", "eu-west-1"),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def bedrock(credentials: None) -> Iterator[Bedrock]:  # noqa: ARG001 -- a fixture
    with serve() as running:
        yield running
        assert running.problems == []


def _build(tmp_path: Path, embedder: BedrockEmbedder | None) -> BuildReport:
    return build_index(write(tmp_path / "articles", ARTICLES), tmp_path / "index.sqlite3", embedder=embedder)


def _order(tmp_path: Path, embedder: BedrockEmbedder | None, question: str = QUESTION) -> list[str]:
    with KnowledgeIndex(tmp_path / "index.sqlite3", embedder=embedder) as index:
        return [hit.article for hit in index.search(question, least=0.0).hits]


@pytest.mark.parametrize("model", [TITAN, COHERE, COHERE_4])
def test_what_was_found_is_put_in_the_order_of_meaning_too(tmp_path: Path, bedrock: Bedrock, model: str) -> None:
    embedder = BedrockEmbedder(model, endpoint_url=bedrock.url)
    report = _build(tmp_path, embedder)
    assert (report.embedded, report.embedding_problem) == (4, "")
    assert _order(tmp_path, None) == ["keys", "doors", "desk"]
    assert _order(tmp_path, embedder) == ["doors", "keys", "desk"]
    assert {name for name, _ in bedrock.requests} == {model}


@pytest.mark.parametrize(
    ("likenesses", "order"),
    [
        ([0.1, 0.9, 0.8], [1, 0, 2]),
        ([0.9, 0.5, 0.1], [0, 1, 2]),
        ([0.1, 0.9], [0, 1]),
        ([None, None, None], [0, 1, 2]),
        ([None, 0.9, 0.8], [0, 1, 2]),
        ([], []),
    ],
)
def test_words_and_likeness_decide_together(likenesses: list[float | None], order: list[int]) -> None:
    assert in_fused_order(likenesses) == order


def test_a_question_is_asked_as_one_and_a_document_as_one(tmp_path: Path, bedrock: Bedrock) -> None:
    embedder = BedrockEmbedder(COHERE, endpoint_url=bedrock.url)
    _build(tmp_path, embedder)
    assert {body["input_type"] for _, body in bedrock.requests} == {"search_document"}
    assert any(text.startswith("Soup\nTomato soup") for _, body in bedrock.requests for text in body["texts"])
    bedrock.requests.clear()
    with KnowledgeIndex(tmp_path / "index.sqlite3", embedder=embedder) as index:
        for _ in range(3):
            index.search(QUESTION, least=0.0)
    assert [body for _, body in bedrock.requests] == [
        {"texts": [QUESTION], "input_type": "search_query", "truncate": "END"}
    ]


def test_what_the_words_do_not_find_no_vector_finds(tmp_path: Path, bedrock: Bedrock) -> None:
    bedrock.meaning = {"broth": "soup"}
    embedder = BedrockEmbedder(TITAN, endpoint_url=bedrock.url)
    _build(tmp_path, embedder)
    bedrock.requests.clear()
    assert _order(tmp_path, embedder, "broth") == []
    assert bedrock.requests == []


def test_only_what_changed_gets_vectors_anew(tmp_path: Path, bedrock: Bedrock) -> None:
    embedder = BedrockEmbedder(TITAN, endpoint_url=bedrock.url)
    assert _build(tmp_path, embedder).embedded == 4
    again = _build(tmp_path, embedder)
    assert (again.embedded, again.written) == (0, False)
    write(tmp_path / "articles", {"soup.md": "# Soup\n\nPea soup.\n"})
    assert build_index(tmp_path / "articles", tmp_path / "index.sqlite3", embedder=embedder).embedded == 1
    other = build_index(
        tmp_path / "articles", tmp_path / "index.sqlite3", embedder=BedrockEmbedder(COHERE, endpoint_url=bedrock.url)
    )
    assert (other.parsed, other.embedded) == (0, 4)
    without = build_index(tmp_path / "articles", tmp_path / "index.sqlite3")
    assert (without.parsed, without.written) == (0, True)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (403, b"{}"),
        (429, b"{}"),
        (500, b"{}"),
        (200, b"not JSON"),
        (200, b"[]"),
        (200, b'{"embedding": []}'),
        (200, b'{"embedding": [0, 0]}'),
        (200, b'{"embedding": ["a", "b"]}'),
        (200, b'{"embedding": [NaN, 1]}'),
        (200, b'{"embedding": null}'),
        (200, b'{"embedding": [1, 2, 3]}'),
    ],
)
def test_where_the_model_fails_the_order_is_that_of_the_words(
    tmp_path: Path, bedrock: Bedrock, caplog: pytest.LogCaptureFixture, status: int, answer: bytes
) -> None:
    embedder = BedrockEmbedder(TITAN, endpoint_url=bedrock.url)
    _build(tmp_path, embedder)
    by_words = _order(tmp_path, None)
    bedrock.status, bedrock.answer = status, answer
    bedrock.requests.clear()
    with caplog.at_level(logging.WARNING), KnowledgeIndex(tmp_path / "index.sqlite3", embedder=embedder) as index:
        for _ in range(3):
            assert [hit.article for hit in index.search(QUESTION, least=0.0).hits] == by_words
    assert len(bedrock.requests) == 1, "a model that failed is left alone for a while, and an answer is kept"
    if answer != b'{"embedding": [1, 2, 3]}':  # a vector, though of another length: it is not compared
        assert [record.message for record in caplog.records] == ["embeddings_unavailable"]


def test_a_model_that_does_not_answer_holds_nobody_up_for_long(tmp_path: Path, bedrock: Bedrock) -> None:
    embedder = BedrockEmbedder(TITAN, endpoint_url=bedrock.url)
    _build(tmp_path, embedder)
    bedrock.waits.clear()
    try:
        assert _order(tmp_path, embedder) == _order(tmp_path, None)
    finally:
        bedrock.waits.set()


def test_a_build_goes_on_without_the_model_and_makes_up_for_it_later(tmp_path: Path, bedrock: Bedrock) -> None:
    embedder = BedrockEmbedder(TITAN, endpoint_url=bedrock.url)
    bedrock.status = 403
    report = _build(tmp_path, embedder)
    assert (report.articles, report.embedded) == (4, 0)
    assert report.embedding_problem == "Bedrock refused: AccessDeniedException"
    assert _order(tmp_path, embedder) == _order(tmp_path, None)
    bedrock.status = 200
    assert (_build(tmp_path, embedder).embedded, _build(tmp_path, embedder).written) == (4, False)


def test_vectors_of_another_model_are_not_compared(tmp_path: Path, bedrock: Bedrock) -> None:
    _build(tmp_path, BedrockEmbedder(TITAN, endpoint_url=bedrock.url))
    bedrock.requests.clear()
    assert _order(tmp_path, BedrockEmbedder(COHERE, endpoint_url=bedrock.url)) == _order(tmp_path, None)
    assert bedrock.requests == []


@pytest.mark.parametrize("model", ["", "amazon.titan-embed-image-v1", "anthropic.claude", "xx/cohere.embed-v4:0"])
def test_a_model_that_is_not_known_is_refused(model: str) -> None:
    with pytest.raises(ValueError, match="no embedding model that is known"):
        BedrockEmbedder(model)


@pytest.mark.parametrize(
    "model", ["arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.cohere.embed-v4:0", "us.cohere.embed-v4:0"]
)
def test_a_model_may_be_named_by_its_inference_profile(model: str) -> None:
    assert model in BedrockEmbedder(model).name


@pytest.mark.usefixtures("credentials")
def test_where_nobody_listens_the_error_names_no_address() -> None:
    with pytest.raises(EmbeddingsUnavailable, match="Bedrock cannot be reached: ") as failed:
        BedrockEmbedder(TITAN, endpoint_url="http://127.0.0.1:9").question("A secret question")
    assert "secret" not in str(failed.value)
