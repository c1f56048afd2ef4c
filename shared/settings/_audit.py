"""The settings of whoever keeps an audit trail."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.settings._load import Settings


class AuditSettings(Settings):
    """Where the audit trail is kept, and what seals it."""

    audit_file: Path = Field(Path("var/audit.sqlite3"), description="where the audit trail is kept")
    audit_key: SecretStr = Field(description="the Ed25519 private key in PEM that seals the audit trail")
    audit_anchors: Path | None = Field(
        None, description="a folder for the newest seal of each process, better on another disk"
    )
    audit_retention_days: float | None = Field(
        None, gt=0, description="for how many days records are kept; for good, unless it is said"
    )
    audit_export: bool = Field(
        False, description="whether records and seals are written to standard output too, as JSON lines"
    )
