"""Finding accounts by what people call somebody: a name or its beginning, a login, a mail address, a number.

What is found is no more than candidates: finding an account permits nothing.
"""

from typing import Final

from shared.directory._pages import quoted
from shared.directory._types import User

SHORTEST: Final = 2  # characters; fewer would list everybody
LONGEST: Final = 100
_MOST_WORDS: Final = 5


def search_expression(text: str) -> str | None:
    """A SCIM expression for the Users API's `search`; None where the text is too short or too long to look for.

    It uses `eq` and `sw` alone, which Okta offers for every property.
    """
    words = words_of(text)
    whole = " ".join(words)
    if not SHORTEST <= len(whole) <= LONGEST or len(words) > _MOST_WORDS:
        return None
    if len(words) == 1:
        [word] = words
        exactly = ("login", "email", "employeeNumber")
        begins = () if "@" in word else ("login", "firstName", "lastName")
        wanted = [f"profile.{name} eq {quoted(word)}" for name in exactly]
        return " or ".join([*wanted, *(f"profile.{name} sw {quoted(word)}" for name in begins)])
    first, last = words[0], words[-1]
    return " or ".join(
        (
            f"profile.displayName eq {quoted(whole)}",
            _both(first, " ".join(words[1:])),
            _both(last, " ".join(words[:-1])),
        )
    )


def words_of(text: str) -> list[str]:
    """The words of what somebody is called: "Reyes, Tomas" is two."""
    return text.replace(",", " ").split()


def is_exactly(user: User, text: str) -> bool:
    """Whether the text is the whole name, login, mail address or number of this account, and not a part of one."""
    called = " ".join(words_of(text)).casefold()
    names = user.display_name.casefold().split()
    short = user.login.partition("@")[0]
    whole = (user.login, user.email, user.employee_number or "", short)
    return bool(called) and (
        called in {name.casefold() for name in whole} or called in {" ".join(names), " ".join([*names[1:], *names[:1]])}
    )


def _both(first: str, last: str) -> str:
    return f"(profile.firstName sw {quoted(first)} and profile.lastName sw {quoted(last)})"
