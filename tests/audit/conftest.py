from pathlib import Path

import pytest

from tests.audit._trails import DatabaseTrails, FileTrails, Trails, database_trails


@pytest.fixture
def file_trails(tmp_path: Path) -> FileTrails:
    """A trail in a file, where a test is about the file."""
    return FileTrails(tmp_path / "var")


@pytest.fixture
def kept_trails(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseTrails:
    """A trail in a database, where a test is about that."""
    return database_trails(request.getfixturevalue("postgres"), tmp_path / "var")


@pytest.fixture(params=["file", "database"])
def trails(request: pytest.FixtureRequest) -> Trails:
    """Whatever a trail may be kept in: what holds for one holds for the other."""
    found: Trails = request.getfixturevalue("file_trails" if request.param == "file" else "kept_trails")
    return found
