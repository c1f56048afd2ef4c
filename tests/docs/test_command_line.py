"""docs/reference/command-line.md describes the command as it is, and every page's commands exist."""

import re
import shlex
from importlib.util import find_spec
from typing import Any

import pytest
from click import Command, Context, Group

from portal._errors import ExitCode
from portal.command._cli import cli
from tests.docs._pages import ROOT, page, page_names

PAGE = page("docs/reference/command-line.md")
SHELL = frozenset({"sh", "bash"})
COMMON = {"--json", "--profile", "--as", "--debug", "--version", "-h", "--help"}
assert isinstance(cli, Group)
COMMANDS: dict[str, Command] = {
    f"{name} {part}".strip(): command
    for name, found in cli.commands.items()
    for part, command in [
        *([] if isinstance(found, Group) and not found.invoke_without_command else [("", found)]),
        *(found.commands.items() if isinstance(found, Group) else []),
    ]
}


def options(command: Command) -> set[str]:
    """The options of a command that not every command has."""
    return {name for parameter in command.params for name in parameter.opts if name.startswith("-")} - COMMON


def documented_options(heading: str) -> set[str]:
    """The options that a section's table has."""
    return {name for row in PAGE.rows(heading) for name in re.findall(r"`(--?[a-z-]+)", row[0])}


def shell_lines() -> list[tuple[str, str]]:
    """Each command of each block of shell, with its page; in blocks of a session, what follows the prompt."""
    found = []
    for name in page_names():
        for block in page(name).blocks:
            if block.language == "console":
                found += [(name, line[2:]) for line in block.text.splitlines() if line.startswith("$ ")]
            elif block.language in SHELL:
                found += [(name, command) for command in commands_of(block.text)]
    return found


def commands_of(text: str) -> list[str]:
    """The commands of a block: lines, joined where one goes on after a backslash or within quotes."""
    found, begun = [], ""
    for line in text.replace("\\\n", " ").splitlines():
        begun = f"{begun}\n{line}" if begun else line
        try:
            shlex.split(begun, comments=True)
        except ValueError:
            continue
        if begun.strip() and not begun.startswith("#"):
            found.append(begun)
        begun = ""
    assert not begun, f"a quotation is not closed: {begun}"
    return found


def words(line: str) -> list[str]:
    """A line's words up to its first pipe, without variables set before the command and without substitutions."""
    plain = re.sub(r"\$\([^)]*\)", "SUBSTITUTED", line.split(" | ", maxsplit=1)[0].rsplit(" && ", maxsplit=1)[-1])
    split = shlex.split(plain, comments=True)
    while split and re.fullmatch(r"[A-Z_0-9]+=.*", split[0], re.DOTALL):
        split.pop(0)
    return split


def make_targets() -> set[str]:
    """What `make` can be asked for."""
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_the_page_has_every_command_and_no_other() -> None:
    assert {text.strip("`") for level, text in PAGE.headings if level == 3} == {f"helpdesk {name}" for name in COMMANDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_the_options_that_the_page_says(name: str) -> None:
    assert documented_options(f"`helpdesk {name}`") == options(COMMANDS[name])


def test_the_common_options_are_those_of_the_group() -> None:
    assert documented_options("Options of every command") | {"-h", "--help"} == COMMON | options(cli)


def test_the_exit_codes_are_those_of_the_command() -> None:
    assert PAGE.rows("Exit codes") == [[str(code.value), code.name] for code in ExitCode]


@pytest.mark.parametrize(("name", "line"), [pair for pair in shell_lines() if "make" in words(pair[1])[:1]])
def test_what_pages_tell_make_to_do_exists(name: str, line: str) -> None:  # noqa: ARG001 -- names the page in the report
    targets = {word for word in words(line)[1:] if not re.match(r"[A-Z]+=|-", word)}
    assert targets <= make_targets()


def parsed(line: list[str]) -> dict[str, Any]:
    """What the command makes of a line, without running it.

    Raises:
        click.UsageError: where it makes nothing of it.
    """
    with cli.make_context("helpdesk", list(line), resilient_parsing=False) as context:
        arguments = [*context._protected_args, *context.args]
        if not arguments:
            return {}
        found = cli.commands.get(arguments[0])
        is_below = isinstance(found, Group) and (
            not found.invoke_without_command or set(arguments[1:2]) & {*found.commands}
        )
        length = 2 if is_below else 1
        command = COMMANDS[" ".join(arguments[:length])]
        made: Context = command.make_context(arguments[0], arguments[length:], parent=context)
        return dict(made.params)


@pytest.mark.parametrize(
    ("name", "line"), [pair for pair in shell_lines() if words(pair[1])[:1] in (["./helpdesk"], ["helpdesk"])]
)
def test_what_pages_tell_helpdesk_to_do_is_understood(name: str, line: str) -> None:  # noqa: ARG001
    parsed(words(line)[1:])


@pytest.mark.parametrize(("name", "line"), [pair for pair in shell_lines() if "-m" in words(pair[1])[:3]])
def test_modules_that_pages_run_exist(name: str, line: str) -> None:  # noqa: ARG001
    split = words(line)
    assert find_spec(split[split.index("-m") + 1]) is not None
