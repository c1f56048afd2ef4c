"""The same files, read by OpenFGA's own parser: what it takes we take, to the same JSON; what it refuses we refuse."""

import random

import pytest

from shared.openfga_language import ModelError, parse_model, parse_modules, write_model
from tests.openfga_language._models import FOLDERS, NESTED, ODD_NAMES
from tests.openfga_language._reference import reference
from tests.openfga_language.test_modules import CORE, WIKI

BASES = (FOLDERS, NESTED, ODD_NAMES)
PIECES = (
    *(" ", "\n", "  ", "or", "and", "but not", "from", "[", "]", "(", ")", ":", "#", "*", ",", "user", "with", "type"),
    *(
        "condition",
        "{",
        "}",
        " # c",
        "a.b",
        "a/b",
        "model",
        "relations",
        "with cond",
        "1.1",
        "define",
        "-",
        "$expression",
    ),
    *("define x: y", "extend type user", "condition c(x: int) {\n x\n}", "module m"),
)
VARIANTS = 1500


def variant(random_: random.Random) -> str:
    """A model with a few small faults, which may or may not matter."""
    text = random_.choice(BASES)
    for _ in range(random_.choice((1, 1, 1, 2))):
        at = random_.randrange(len(text) + 1)
        match random_.randrange(3):
            case 0:
                text = text[:at] + random_.choice(PIECES) + text[at:]
            case 1:
                text = text[:at] + text[at + random_.randint(1, 4) :]
            case _:
                begin = random_.randrange(len(text) + 1)
                text = text[:at] + text[begin : begin + random_.randint(1, 12)] + text[at:]
    return text


def ours(text: str) -> object:
    try:
        return parse_model(text)
    except ModelError:
        return None


def test_files_with_small_faults_are_read_or_refused_alike() -> None:
    random_ = random.Random(20)  # noqa: S311 -- the same ones each time
    texts = [*BASES, *(variant(random_) for _ in range(VARIANTS))]

    theirs = [answer.get("json") for answer in reference({"model": text} for text in texts)]

    different = [text for text, model in zip(texts, theirs, strict=True) if ours(text) != model]
    assert not different, different[0]
    assert sum(model is None for model in theirs) > VARIANTS / 4
    assert sum(model is not None for model in theirs) > VARIANTS / 8


@pytest.mark.parametrize("text", BASES)
def test_models_are_written_alike(text: str) -> None:
    model = parse_model(text)

    assert reference([{"json": model}])[0]["model"] == write_model(model)


def test_modules_are_put_together_alike() -> None:
    files = {"core.fga": CORE, "wiki.fga": WIKI}
    modules = [{"name": name, "contents": contents} for name, contents in files.items()]

    assert reference([{"modules": modules, "schema": "1.2"}])[0]["json"] == parse_modules(files)
