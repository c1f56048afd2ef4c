"""What a token must be before this agent has it exchanged for one in which it acts for the user."""

from shared.errors import InvalidToken
from shared.identity._principal import Principal
from shared.identity._raw_token import RawToken


def check_subject(subject: RawToken, principal: Principal, *, issuer: str, audience: str, now: float) -> None:
    """The pair is the proof that somebody verified just this token, for us, in this request.

    Args:
        subject: The token that came in.
        principal: What it was verified to be.
        issuer: Whose tokens are exchanged.
        audience: This agent's own API identifier.
        now: Seconds since the epoch.

    Raises:
        InvalidToken: the principal is not this token's, is not for us, is no person, or has expired.
    """
    if principal.token_digest != subject.digest():
        raise InvalidToken(code="token_principal_mismatch", detail="the principal was made from another token")
    if principal.issuer != issuer:
        raise InvalidToken(code="token_issuer_mismatch", detail="the subject token is another issuer's")
    if principal.audience != audience:
        raise InvalidToken(code="token_audience_mismatch", detail="the subject token was not for this agent")
    if principal.is_machine:
        raise InvalidToken(code="token_subject_not_user", detail="there is nobody to act on behalf of")
    if now >= principal.expires_at:
        raise InvalidToken(code="token_expired", detail="the subject token has expired meanwhile")
