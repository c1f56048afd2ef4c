"""The device that this terminal is, for each profile: whose it is, where, and its key."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from portal._environment import typed
from portal._private_files import private_file, write_private
from shared.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Device:
    """An enrolled device.

    Attributes:
        issuer: The tenant that knows it, with its trailing slash.
        subject: The `sub` of the person who answers with it.
        device_id: What the tenant calls it.
        private_key: What it signs its answers with, as PEM; it leaves this machine never.
    """

    issuer: str
    subject: str
    device_id: str
    private_key: str = field(repr=False)


class Devices:
    """The devices kept below a folder, each in a private file.

    Args:
        home: Made, and kept private, when something is written.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = home / "devices"

    def load(self, profile: str) -> Device | None:
        """The device of a profile.

        Raises:
            ConfigurationError: the file is there and cannot be used.
        """
        path = private_file(self._folder, profile)
        try:
            return Device(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise ConfigurationError(
                f"{path} cannot be read as a device: remove it and run `{typed('approve enroll')}`."
            ) from error

    def save(self, profile: str, device: Device) -> None:
        """Keeps a device in place of the one before."""
        path = private_file(self._folder, profile)
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        write_private(path, json.dumps(asdict(device)))

    def remove(self, profile: str) -> bool:
        """Forgets a device and its key; False if there was none."""
        path = private_file(self._folder, profile)
        found = path.exists()
        path.unlink(missing_ok=True)
        return found
