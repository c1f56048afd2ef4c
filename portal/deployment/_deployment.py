"""Deploys the help desk: each target by itself, again and again to the same end."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from portal._environment import ROOT
from portal._errors import CommandFailed
from portal.deployment._aws import Account, asking
from portal.deployment._file import DeploymentFile
from portal.deployment._images import ImageBuilder, Repository
from portal.deployment._packages import PackageBuilder, Packages
from portal.deployment._secrets import missing_secrets
from portal.deployment._stacks import Change, Stack, Stacks, Wait
from portal.deployment._targets import PLATFORM, SUPERVISOR, Target, targets

IMAGE: Final = "ImageUri"
SUBAGENTS: Final = "Subagents"
ADDRESSES: Final = {"GatewayUrl": ("gateway/url", "the gateway")}
"""Parameters of templates that another stack answers: where it says so below the prefix, and what it is."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Planned:
    """What applying a target would do.

    Attributes:
        target: Its name.
        stack: The stack's.
        is_new: Whether the stack is yet to be made: then only its first pass is known.
        to_build: What is not there yet and would be built.
        changes: Of the stack's resources.
    """

    target: str
    stack: str
    is_new: bool
    to_build: str | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a target is.

    Attributes:
        target: Its name.
        stack: The stack's.
        status: CloudFormation's; None where there is no stack.
        is_current: Whether what runs is what these files make; None where nothing runs.
        outputs: What the stack says.
        note: What somebody should know or do.
    """

    target: str
    stack: str
    status: str | None
    is_current: bool | None
    outputs: Mapping[str, str]
    note: str = ""


class Deployment:
    """One help desk in one account.

    Args:
        file: Which, and what the templates are told.
        account: Where.
        images: Builds and pushes.
        packages: Packs the platform's functions.
        wait: Waits so many seconds between looks at what AWS does.
        report: Takes a line for each step.
    """

    def __init__(
        self,
        file: DeploymentFile,
        account: Account,
        *,
        images: ImageBuilder,
        packages: PackageBuilder,
        wait: Wait,
        report: Report,
    ) -> None:
        self._file = file
        self._account = account
        self._images = images
        self._packages = Packages(account.bucket, packages)
        self._stacks = Stacks(account.stacks, wait=wait)
        self._report = report

    def plan(self, target: Target) -> Planned:
        """What applying a target would do; changes nothing."""
        name = self._stack_name(target)
        stack = self._present(name)
        if target.name == PLATFORM:
            release, missing = self._packages.keys(None), None
            if stack is not None and any(stack.parameters.get(key) != value for key, value in release.items()):
                missing = "the packages"
        else:
            tag = target.content_tag()
            digest = self._repository(target).digest(tag) if stack is not None else None
            uri = self._image_uri(target)
            release = {IMAGE: f"{uri}@{digest}" if digest else f"{uri}:{tag}"}
            missing = None if digest else f"the image {uri}:{tag}"
        if stack is None or self._waits_for(target) is not None:
            release = dict.fromkeys(release, "")
        if stack is None:
            missing = missing or "the packages"
        change_set = self._stacks.prepare(name, target.body, self._parameters(target, release), self._tags(target))
        self._stacks.discard(change_set)
        return Planned(target.name, name, stack is None, missing, change_set.changes)

    def apply(self, target: Target) -> Stack:
        """Makes a target what its files say; does nothing where it is."""
        name = self._stack_name(target)
        if self._present(name) is None:
            self._report(f"{target.name}: making the stack {name}, without what runs")
            nothing = dict.fromkeys(
                ("SearchKey", "InterceptorKey", "ToolsKey") if target.name == PLATFORM else (IMAGE,), ""
            )
            self._change(target, nothing)
        waits_for = self._waits_for(target)
        if waits_for is not None:
            self._report(f"{target.name}: {waits_for} is not there yet; apply it again once it is")
            return self._change(target, {IMAGE: ""})
        missing = missing_secrets(self._account, target, prefix=self._file.prefix, parameters=self._file.values(target))
        if missing:
            raise CommandFailed(
                f"{target.name} reads {', '.join(missing)} in AWS Secrets Manager, and "
                f"{'they are' if len(missing) > 1 else 'it is'} not there: it would not start.",
                code="deployment_refused",
            )
        return self._change(target, self._release(target))

    def status(self, target: Target) -> Standing:
        """How a target is."""
        name = self._stack_name(target)
        stack = self._stacks.describe(name)
        if stack is None:
            return Standing(target.name, name, None, None, {}, "not deployed")
        note = ""
        if target.name == PLATFORM:
            keys = self._packages.keys(None)
            current = all(stack.parameters.get(key) == value for key, value in keys.items())
        else:
            digest = self._repository(target).digest(target.content_tag())
            running = stack.parameters.get(IMAGE, "")
            current = bool(digest) and running.endswith(f"@{digest}")
            if target.name == SUPERVISOR and stack.parameters.get(SUBAGENTS, "") != self._subagents():
                note = "the subagents have changed since: apply it again"
            note = note or self._about_runtime(stack)
        runs = "Url" in stack.outputs or "GatewayUrl" in stack.outputs
        return Standing(target.name, name, stack.status, current if runs else None, stack.outputs, note)

    def _about_runtime(self, stack: Stack) -> str:
        """What is wrong with a runtime that CloudFormation is content with."""
        identifier = stack.outputs.get("RuntimeArn", "").rpartition("/")[2]
        if not identifier:
            return ""
        with asking(f"describe the runtime {identifier}"):
            runtime: dict[str, Any] = self._account.runtimes.get_agent_runtime(agentRuntimeId=identifier)
        if runtime["status"] != "READY":
            return f"its runtime is {runtime['status']}: {runtime.get('failureReason', 'AWS gives no reason')}"
        if not runtime.get("metadataConfiguration", {}).get("requireMMDSV2", True):
            return "its machines give the role's credentials without a session token: require MMDSv2 of the runtime"
        return ""

    def destroy(self, target: Target) -> bool:
        """Deletes a target and all that it holds; whether there was anything."""
        name = self._stack_name(target)
        stack = self._stacks.describe(name)
        if stack is None:
            return False
        if target.name == PLATFORM and (bucket := stack.outputs.get("PackagesBucket")):
            self._packages.empty(bucket)
        self._report(f"{target.name}: deleting the stack {name}")
        self._stacks.delete(name)
        return True

    def _change(self, target: Target, release: Mapping[str, str]) -> Stack:
        name = self._stack_name(target)
        change_set = self._stacks.prepare(name, target.body, self._parameters(target, release), self._tags(target))
        if not change_set.changes:
            self._stacks.discard(change_set)
            self._report(f"{target.name}: the stack {name} is as it should be")
            stack = self._stacks.describe(name)
            assert stack is not None  # noqa: S101 -- it was there a moment ago; this tells the type checker
            return stack
        for change in change_set.changes:
            self._report(f"{target.name}: {change.action.lower()} {change.resource} ({change.kind})")
        return self._stacks.execute(change_set)

    def _release(self, target: Target) -> dict[str, str]:
        """What is to run, built and brought to AWS where it is not there yet."""
        if target.name == PLATFORM:
            stack = self._stacks.describe(self._stack_name(target))
            bucket = stack.outputs["PackagesBucket"] if stack else ""
            return self._packages.keys(bucket)
        repository, tag, uri = self._repository(target), target.content_tag(), self._image_uri(target)
        digest = repository.digest(tag)
        if digest is None:
            assert target.dockerfile is not None  # noqa: S101 -- every agent has one; this tells the type checker
            self._report(f"{target.name}: building {uri}:{tag}")
            self._images.build(target.dockerfile, ROOT, f"{uri}:{tag}")
            user, password = repository.credentials()
            self._report(f"{target.name}: pushing it")
            self._images.push(f"{uri}:{tag}", user=user, password=password)
            digest = repository.digest(tag)
        if digest is None:
            raise CommandFailed(f"The image {uri}:{tag} was pushed, and is not there.", code="deployment_failed")
        return {IMAGE: f"{uri}@{digest}"}

    def _parameters(self, target: Target, release: Mapping[str, str]) -> dict[str, str]:
        """All parameters of a target's template.

        Raises:
            CommandFailed: some have no value.
        """
        declared = target.declared()
        values = self._file.values(target) | dict(release)
        if SUBAGENTS in declared:
            values[SUBAGENTS] = self._subagents()
        for name in ADDRESSES.keys() & declared.keys():
            values.setdefault(name, self._said(ADDRESSES[name][0]) or "")
        missing = [name for name, about in declared.items() if name not in values and "Default" not in about]
        if missing:
            raise CommandFailed(
                f"The deployment file says nothing of {', '.join(missing)}, which {target.name} needs: add it below "
                "`parameters`.",
                code="deployment_refused",
            )
        return {name: values[name] for name in declared if name in values}

    def _waits_for(self, target: Target) -> str | None:
        """What has to be deployed before this target can run; None where it can."""
        declared, values = target.declared(), self._file.values(target)
        if SUBAGENTS in declared and not self._subagents():
            return "a subagent"
        for name, (path, what) in ADDRESSES.items():
            if name in declared and name not in values and self._said(path) is None:
                return what
        return None

    def _subagents(self) -> str:
        """The subagents that are there, as the supervisor's setting has them; empty for none."""
        base = str(self._file.parameters.get("ApiBase", ""))
        found = [
            {"url": url, "audience": f"{base}/{name}"}
            for name in targets()
            if name not in {PLATFORM, SUPERVISOR}
            for url in [self._said(f"agents/{name}/url")]
            if url
        ]
        return json.dumps(found) if found else ""

    def _said(self, path: str) -> str | None:
        """What a stack has said of itself, in Systems Manager's parameters."""
        name = f"/{self._file.prefix}/{path}"
        with asking(f"read the parameter {name}"):
            answer: dict[str, Any] = self._account.parameters.get_parameters(Names=[name])
        return str(answer["Parameters"][0]["Value"]) if answer["Parameters"] else None

    def _present(self, name: str) -> Stack | None:
        """The stack, unless all that can be done with it is to delete it."""
        stack = self._stacks.describe(name)
        return None if stack is None or stack.never_came_up else stack

    def _stack_name(self, target: Target) -> str:
        return target.stack_name(self._file.prefix)

    def _repository(self, target: Target) -> Repository:
        return Repository(self._account.registry, f"{self._file.prefix}/{target.name}")

    def _image_uri(self, target: Target) -> str:
        return f"{self._account.number}.dkr.ecr.{self._account.region}.amazonaws.com/{self._file.prefix}/{target.name}"

    def _tags(self, target: Target) -> dict[str, str]:
        return {"helpdesk": self._file.prefix, "part": target.name}
