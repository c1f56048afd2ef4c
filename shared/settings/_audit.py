"""The settings of whoever keeps an audit trail."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from shared.settings._load import Settings


class AuditSettings(Settings):
    """Where the audit trail is kept, and what seals it."""

    audit_file: Path = Field(Path("var/audit.sqlite3"), description="the file that the audit trail is kept in")
    audit_database_url: SecretStr | None = Field(
        None, description="the PostgreSQL database that it is kept in instead; it may hold a password"
    )
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

    @model_validator(mode="after")
    def _verify_one_place(self) -> Self:
        if self.audit_database_url is not None and "audit_file" in self.model_fields_set:
            raise ValueError("AUDIT_FILE and AUDIT_DATABASE_URL are both set: unset the one that is not to be used.")
        return self
