"""What of an agent's card a caller is shown: the skills that their scopes allow, signed."""

from collections import OrderedDict
from typing import Final

from a2a.types import AgentCard

from shared.a2a._caller import Caller
from shared.a2a._card import is_allowed
from shared.a2a._signed_card import sign_card
from shared.identity import CardSigningKey

MOST_KEPT: Final = 64


class ShownCards:
    """Makes and signs a card once for each choice of its skills: signing takes longer than all else there.

    The card and the key are those of the process. Of choices more are kept than there are roles.

    Args:
        card: The whole card.
        key: Signs what is shown; without one it is not signed.
    """

    def __init__(self, card: AgentCard, key: CardSigningKey | None) -> None:
        self._card = card
        self._key = key
        self._kept: OrderedDict[tuple[bool, ...], AgentCard] = OrderedDict()

    def of(self, caller: Caller) -> AgentCard:
        """The card with those skills alone that this caller's scopes allow; whoever gets it may not change it."""
        choice = tuple(is_allowed(skill, caller) for skill in self._card.skills)
        shown = self._kept.get(choice)
        if shown is None:
            shown = self._kept[choice] = self._made(choice)
        self._kept.move_to_end(choice)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return shown

    def _made(self, choice: tuple[bool, ...]) -> AgentCard:
        made = AgentCard()
        made.CopyFrom(self._card)
        del made.skills[:]
        made.skills.extend(skill for skill, chosen in zip(self._card.skills, choice, strict=True) if chosen)
        sign_card(made, self._key)
        return made
