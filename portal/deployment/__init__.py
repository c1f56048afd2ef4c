"""The help desk on AWS: planned, applied, looked at, taken away; one stack at a time, in any order.

Never run against a live account: the tests call stand-ins that hold each request to its service's model.
"""

from portal.deployment._aws import Account, asking, refused
from portal.deployment._deployment import Deployment, Planned, Standing
from portal.deployment._file import DeploymentFile
from portal.deployment._images import DockerCli, ImageBuilder
from portal.deployment._packages import DocsPackages, PackageBuilder
from portal.deployment._secrets import missing_secrets
from portal.deployment._stacks import Change, ChangeSet, Stack, Stacks
from portal.deployment._targets import PLATFORM, Target, chosen, targets

__all__ = [
    "PLATFORM",
    "Account",
    "Change",
    "ChangeSet",
    "Deployment",
    "DeploymentFile",
    "DockerCli",
    "DocsPackages",
    "ImageBuilder",
    "PackageBuilder",
    "Planned",
    "Stack",
    "Stacks",
    "Standing",
    "Target",
    "asking",
    "chosen",
    "missing_secrets",
    "refused",
    "targets",
]
