"""The deployment file: which account, and what the templates are told. It holds no secret."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from portal._document import read_document
from portal._errors import CommandFailed
from portal.deployment._targets import Target

Value = str | list[str]


class DeploymentFile(BaseModel):
    """What one help desk on AWS is made with.

    Attributes:
        account: The account's number.
        region: Where.
        prefix: What the names of all that belongs to it start with.
        parameters: Of the templates, by name; each gets those that it has.
        stacks: Those of one target alone, by its name; they come before the others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    prefix: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,15}$")] = "helpdesk"
    parameters: dict[str, Value] = Field(default_factory=dict)
    stacks: dict[str, dict[str, Value]] = Field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads the file.

        Raises:
            CommandFailed: with one line that says what is wrong with it.
        """
        return read_document(cls, path, what="The deployment file", code="deployment_refused")

    def values(self, target: Target) -> dict[str, str]:
        """The parameters of a target's template that the file has, and no others."""
        own = self.stacks.get(target.name, {})
        declared = target.declared()
        unknown = own.keys() - declared.keys()
        if unknown:
            raise CommandFailed(
                f"The deployment file gives {target.name} {min(unknown)}, which its template does not have.",
                code="deployment_refused",
            )
        given = {name: value for name, value in (self.parameters | own).items() if name in declared}
        texts = {name: ",".join(value) if isinstance(value, list) else value for name, value in given.items()}
        return texts | {"Prefix": self.prefix}
