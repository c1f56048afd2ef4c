"""`helpdesk deploy`: the help desk on AWS."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from portal import _environment as environment
from portal._errors import CommandFailed, ExitCode
from portal.deployment import (
    Account,
    Deployment,
    DeploymentFile,
    DockerCli,
    DocsPackages,
    Planned,
    Standing,
    Target,
    chosen,
    targets,
)
from portal.terminal import Output, printable


def deploy(output: Output, action: str, names: Sequence[str], *, file: Path, yes: bool) -> ExitCode:
    """Does one of plan, apply, status, destroy to the targets of these names, or to all."""
    wanted = chosen(tuple(names))
    what = DeploymentFile.read(file)
    account = Account(what.account, what.region)
    account.check()
    deployment = Deployment(
        what,
        account,
        images=DockerCli(),
        packages=DocsPackages(
            articles=environment.chosen("KNOWLEDGE_FOLDER", ""),
            embeddings=what.values(targets()["platform"]).get("KnowledgeEmbeddings", ""),
        ),
        wait=threading.Event().wait,
        report=lambda line: output.say(printable(line)),
    )
    actions: dict[str, Callable[[], ExitCode]] = {
        "plan": lambda: _plan(output, deployment, wanted),
        "apply": lambda: _apply(output, deployment, wanted),
        "status": lambda: _status(output, deployment, wanted),
        "destroy": lambda: _destroy(output, deployment, wanted, prefix=what.prefix, yes=yes),
    }
    return actions[action]()


def _plan(output: Output, deployment: Deployment, wanted: Sequence[Target]) -> ExitCode:
    for target in wanted:
        planned = deployment.plan(target)
        output.emit({"target": target.name, **asdict(planned)})
        _show_plan(output, planned)
    return ExitCode.OK


def _apply(output: Output, deployment: Deployment, wanted: Sequence[Target]) -> ExitCode:
    for target in wanted:
        stack = deployment.apply(target)
        output.emit(
            {"target": target.name, "stack": stack.name, "status": stack.status, "outputs": dict(stack.outputs)}
        )
        for name, value in sorted(stack.outputs.items()):
            output.say(f"  {name}: {printable(value)}", whole=True)
    return ExitCode.OK


def _status(output: Output, deployment: Deployment, wanted: Sequence[Target]) -> ExitCode:
    found = [deployment.status(target) for target in wanted]
    for standing in found:
        output.emit({**asdict(standing), "outputs": dict(standing.outputs)})
        _show_status(output, standing)
    return ExitCode.OK


def _destroy(output: Output, deployment: Deployment, wanted: Sequence[Target], *, prefix: str, yes: bool) -> ExitCode:
    if not yes:
        raise CommandFailed(
            f"This deletes {', '.join(target.name for target in wanted)} of {prefix}, with images, keys and logs: "
            "say --yes if you mean it.",
            code="deployment_refused",
        )
    for target in reversed(wanted):
        was_there = deployment.destroy(target)
        output.emit({"target": target.name, "deleted": was_there})
        output.say(f"{target.name}: {'deleted' if was_there else 'there was nothing'}")
    return ExitCode.OK


def _show_plan(output: Output, planned: Planned) -> None:
    if not planned.changes and planned.to_build is None:
        output.say(f"{planned.target}: nothing to do")
        return
    first = ", at first" if planned.is_new else ""
    output.say(Text(f"{planned.target}: the stack {planned.stack}{' is made' if planned.is_new else ''}", style="bold"))
    if planned.to_build:
        output.say(f"  build {planned.to_build}", whole=True)
    for change in planned.changes:
        replaced = ", replaced by a new one" if change.replaced else ""
        output.say(f"  {change.action.lower()} {change.resource} ({change.kind}){replaced}{first}", whole=True)


def _show_status(output: Output, standing: Standing) -> None:
    current = {True: ", as these files make it", False: ", not as these files make it", None: ""}[standing.is_current]
    output.say(f"{standing.target}: {standing.status or 'not deployed'}{current}")
    if standing.status is not None and standing.note:
        output.say(f"  {standing.note}")
    if "Url" in standing.outputs:
        output.say(f"  {printable(standing.outputs['Url'])}", whole=True)
