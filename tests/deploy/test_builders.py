"""What builds: the docker command is called as it has to be, and packages are the same each time."""

import stat
import zipfile
from pathlib import Path

import pytest

from knowledge import KnowledgeIndex
from portal._errors import CommandFailed
from portal.deployment import DockerCli, DocsPackages

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/helpdesk/docs_search:tag"


@pytest.fixture
def docker(tmp_path: Path) -> tuple[DockerCli, Path]:
    """A command that writes down how it was called, and fails where its arguments say `broken`."""
    heard = tmp_path / "heard"
    command = tmp_path / "docker"
    lines = (
        "#!/bin/sh",
        f'echo "$@" >>{heard}',
        '[ "$BUILDX_NO_DEFAULT_ATTESTATIONS" = 1 ] || exit 4',
        f'case "$*" in *login*) cat >>{heard};; *broken*) exit 3;; esac',
    )
    command.write_text("\n".join(lines), encoding="utf-8")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return DockerCli(str(command)), heard


def test_an_image_is_built_for_arm(docker: tuple[DockerCli, Path]) -> None:
    cli, heard = docker
    cli.build(Path("agents/docs_search/Dockerfile"), Path(), IMAGE)
    assert heard.read_text(encoding="utf-8").split() == [
        "build",
        "--platform",
        "linux/arm64",
        "--build-arg",
        *["TELEMETRY_EXTRAS=--extra", "adot"],
        "--build-arg",
        *["MODEL_EXTRAS=--extra", "postgres"],
        "--file",
        "agents/docs_search/Dockerfile",
        "--tag",
        IMAGE,
        ".",
    ]


def test_the_password_is_no_argument_and_is_kept_nowhere(docker: tuple[DockerCli, Path]) -> None:
    cli, heard = docker
    cli.push(IMAGE, user="AWS", password="very-secret")
    login, push = heard.read_text(encoding="utf-8").replace("very-secret", "\n").strip().splitlines()[::2]
    folder = Path(login.split()[1])
    assert login.split()[2:] == ["login", "--username", "AWS", "--password-stdin", IMAGE.partition("/")[0]]
    assert push.split() == ["--config", str(folder), "push", IMAGE]
    assert not folder.exists(), "where docker would have kept the password"


def test_a_build_that_fails_is_told(docker: tuple[DockerCli, Path]) -> None:
    with pytest.raises(CommandFailed, match="docker build failed with exit code 3"):
        docker[0].build(Path("broken"), Path(), IMAGE)


def test_a_docker_that_is_not_there_is_told() -> None:
    with pytest.raises(CommandFailed, match="install Docker"):
        DockerCli("/no/such/docker").build(Path("x"), Path(), IMAGE)


def test_packages_are_the_same_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        DocsPackages().build(tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["docs-interceptor.zip", "docs-search.zip", "tools.json"]
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_packages_hold_the_knowledge_base_that_is_chosen(tmp_path: Path) -> None:
    (tmp_path / "handbook").mkdir()
    (tmp_path / "handbook" / "coffee.md").write_text("# The coffee machine\n\nDescale it on Fridays.\n")
    DocsPackages(articles=str(tmp_path / "handbook")).build(tmp_path)
    with zipfile.ZipFile(tmp_path / "docs-search.zip") as package:
        package.extract("knowledge.sqlite3", tmp_path)
    with KnowledgeIndex(tmp_path / "knowledge.sqlite3") as index:
        assert [article.slug for article in index.recent()] == ["coffee"]


def test_a_model_that_is_not_known_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandFailed, match="the words above say why"):
        DocsPackages(embeddings="some.model").build(tmp_path)
    assert "no embedding model that is known" in capfd.readouterr().err
