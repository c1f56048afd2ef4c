"""The password policies that a new directory has, as Okta's policy objects."""

from typing import Any

from local.directory._identifiers import identifier

EVERYONE = "Everyone"
ADMINISTRATOR_GROUPS = ("Cloud administrators", "Directory administrators")
MAX_ATTEMPTS = 6  # wrong passwords in a row, and the account is locked


def password_policies(created: str) -> list[dict[str, Any]]:
    """Two policies: one for administrators, and after it one for everyone."""
    return [
        _policy(
            "Administrators",
            "Directory and cloud administrators",
            1,
            ADMINISTRATOR_GROUPS,
            created,
            complexity={"minLength": 18, "minSymbol": 1},
            age={"maxAgeDays": 90, "historyCount": 12},
        ),
        _policy("Default Policy", "Everyone else", 2, (EVERYONE,), created, complexity={}, age={}),
    ]


def _policy(
    name: str,
    description: str,
    priority: int,
    groups: tuple[str, ...],
    created: str,
    *,
    complexity: dict[str, int],
    age: dict[str, int],
) -> dict[str, Any]:
    return {
        "id": identifier("00p", name),
        "type": "PASSWORD",
        "status": "ACTIVE",
        "name": name,
        "description": description,
        "priority": priority,
        "system": name == "Default Policy",
        "created": created,
        "lastUpdated": created,
        "conditions": {
            "people": {"groups": {"include": [identifier("00g", group) for group in groups]}},
            "authProvider": {"provider": "OKTA"},
        },
        "settings": {
            "password": {
                "complexity": {
                    "minLength": 12,
                    "minLowerCase": 1,
                    "minUpperCase": 1,
                    "minNumber": 1,
                    "minSymbol": 0,
                    "excludeUsername": True,
                    "dictionary": {"common": {"exclude": True}},
                    "excludeAttributes": [],
                    **complexity,
                },
                "age": {"maxAgeDays": 180, "expireWarnDays": 14, "minAgeMinutes": 0, "historyCount": 5, **age},
                "lockout": {
                    "maxAttempts": MAX_ATTEMPTS,
                    "autoUnlockMinutes": 0,
                    "userLockoutNotificationChannels": [],
                    "showLockoutFailures": True,
                },
            },
            "recovery": {
                "factors": {
                    "recovery_question": {"status": "INACTIVE"},
                    "okta_email": {
                        "status": "ACTIVE",
                        "properties": {"recoveryToken": {"tokenLifetimeMinutes": 60}},
                    },
                    "okta_sms": {"status": "INACTIVE"},
                    "okta_call": {"status": "INACTIVE"},
                }
            },
            "delegation": {"options": {"skipUnlock": False}},
        },
    }
