"""One CloudFormation stack: described, planned by a change set, changed, deleted, waited for."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from portal._errors import CommandFailed
from portal.deployment._aws import asking, refused

POLL_SECONDS: Final = 3.0
MOST_POLLS: Final = 1200  # an hour: a runtime or a gateway takes minutes
CAPABILITIES: Final = ["CAPABILITY_NAMED_IAM"]  # the roles have names, so that policies can say them
_SAME: Final = ("didn't contain changes", "No updates are to be performed")
_UNFINISHED: Final = "_IN_PROGRESS"
_FAILED_AT_FIRST: Final = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS"})
_GOOD: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})

Wait = Callable[[float], object]


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as it is.

    Attributes:
        name: Its name.
        status: CloudFormation's.
        parameters: What it was told.
        outputs: What it says.
    """

    name: str
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def never_came_up(self) -> bool:
        """Whether it can only be deleted, since its creation failed or was only planned."""
        return self.status in _FAILED_AT_FIRST

    @property
    def is_changing(self) -> bool:
        """Whether somebody is at work on it."""
        return self.status.endswith(_UNFINISHED) and not self.never_came_up


@dataclass(frozen=True, slots=True)
class Change:
    """What a change set would do to one resource."""

    action: str
    resource: str
    kind: str
    replaced: bool


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change that can be made, or let be.

    Attributes:
        stack: The stack's name.
        id: CloudFormation's.
        creates: Whether the stack is new.
        changes: What it does; nothing where all is as it should be.
    """

    stack: str
    id: str
    creates: bool
    changes: tuple[Change, ...]


class Stacks:
    """The stacks of an account.

    Args:
        client: CloudFormation's.
        wait: Waits so many seconds.
    """

    def __init__(self, client: Any, *, wait: Wait) -> None:
        self._client = client
        self._wait = wait

    def describe(self, name: str) -> Stack | None:
        """The stack; None where there is none."""
        try:
            with asking(f"describe the stack {name}"):
                (found,) = self._client.describe_stacks(StackName=name)["Stacks"]
        except CommandFailed as failed:
            cause = failed.__cause__
            missing = isinstance(cause, ClientError) and refused(cause, "ValidationError") and "exist" in str(cause)
            if missing:
                return None
            raise
        return Stack(
            name=name,
            status=found["StackStatus"],
            parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in found.get("Parameters", [])},
            outputs={o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])},
        )

    def prepare(self, name: str, template: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> ChangeSet:
        """Works out what would change.

        Raises:
            CommandFailed: somebody else is changing the stack, or AWS does not take it.
        """
        present = self.describe(name)
        if present is not None and present.is_changing:
            raise CommandFailed(f"The stack {name} is being changed ({present.status}): wait, and try again.")
        if present is not None and present.never_came_up:
            self.delete(name)
            present = None
        with asking(f"prepare a change of the stack {name}"):
            made = self._client.create_change_set(
                StackName=name,
                ChangeSetName=f"helpdesk-{uuid.uuid4().hex}",
                ChangeSetType="UPDATE" if present else "CREATE",
                TemplateBody=template,
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                Capabilities=CAPABILITIES,
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )
        return self._prepared(name, made["Id"], creates=present is None)

    def execute(self, change_set: ChangeSet) -> Stack:
        """Makes the change, and waits until it is made.

        Raises:
            CommandFailed: it was not, with the first reason that CloudFormation gives.
        """
        with asking(f"change the stack {change_set.stack}"):
            self._client.execute_change_set(ChangeSetName=change_set.id)
        self._wait(POLL_SECONDS)  # at first a stack may still look as it did before
        stack = self._settled(change_set.stack)
        if stack is None or stack.status not in _GOOD:
            status = stack.status if stack else "gone"
            raise CommandFailed(
                f"The stack {change_set.stack} could not be made as it should be ({status}): "
                f"{self._reason(change_set.stack)}",
                code="deployment_failed",
            )
        return stack

    def discard(self, change_set: ChangeSet) -> None:
        """Lets a change be, and leaves nothing of it."""
        if change_set.creates:
            self.delete(change_set.stack)
            return
        with asking(f"discard a change of the stack {change_set.stack}"):
            self._client.delete_change_set(ChangeSetName=change_set.id)

    def delete(self, name: str) -> None:
        """Deletes the stack, and waits until it is gone.

        Raises:
            CommandFailed: it is not.
        """
        with asking(f"delete the stack {name}"):
            self._client.delete_stack(StackName=name)
        left = self._settled(name, deleting=True)
        if left is not None:
            raise CommandFailed(
                f"The stack {name} could not be deleted ({left.status}): {self._reason(name)}", code="deployment_failed"
            )

    def _prepared(self, name: str, identifier: str, *, creates: bool) -> ChangeSet:
        for _ in range(MOST_POLLS):
            changes, answer = self._changes(name, identifier)
            if answer["Status"] == "CREATE_COMPLETE":
                return ChangeSet(name, identifier, creates, tuple(changes))
            if answer["Status"] == "FAILED":
                empty = ChangeSet(name, identifier, creates, ())
                reason = str(answer.get("StatusReason", ""))
                if not any(words in reason for words in _SAME):
                    self.discard(empty)
                    raise CommandFailed(
                        f"AWS cannot change the stack {name} like this: {reason}", code="deployment_failed"
                    )
                return empty
            self._wait(POLL_SECONDS)
        raise CommandFailed(f"AWS works out the change of the stack {name} for too long.", code="deployment_failed")

    def _changes(self, name: str, identifier: str) -> tuple[list[Change], dict[str, Any]]:
        """All pages of what a change set does, and the last of them."""
        found: list[Change] = []
        more: dict[str, str] = {}
        while True:
            with asking(f"say what changes in the stack {name}"):
                answer = self._client.describe_change_set(ChangeSetName=identifier, **more)
            for one in answer.get("Changes", []):
                change = one["ResourceChange"]
                replaced = change.get("Replacement") in {"True", "Conditional"}
                found.append(Change(change["Action"], change["LogicalResourceId"], change["ResourceType"], replaced))
            if not answer.get("NextToken"):
                return found, answer
            more = {"NextToken": answer["NextToken"]}

    def _settled(self, name: str, *, deleting: bool = False) -> Stack | None:
        """The stack once nothing happens to it any more."""
        for _ in range(MOST_POLLS):
            stack = self.describe(name)
            busy = stack is not None and stack.status.endswith(_UNFINISHED)
            if stack is None or not (busy or (deleting and stack.status in _GOOD)):
                return None if stack is not None and stack.status == "DELETE_COMPLETE" else stack
            self._wait(POLL_SECONDS)
        raise CommandFailed(f"The stack {name} changes for too long: look at it in CloudFormation.")

    def _reason(self, name: str) -> str:
        """The first failure of the newest change: what came after follows from it."""
        with asking(f"say what happened to the stack {name}"):
            events = self._client.describe_stack_events(StackName=name)["StackEvents"]
        reasons: list[str] = []
        for event in events:  # the newest first
            status = event.get("ResourceStatus", "")
            if status.endswith("FAILED") and "cancelled" not in event.get("ResourceStatusReason", ""):
                reasons.append(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', status)}")
            if event["LogicalResourceId"] == name and status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
                break
        return reasons[-1] if reasons else "CloudFormation gives no reason"
