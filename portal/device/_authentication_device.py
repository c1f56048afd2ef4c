"""What a device says to the tenant: that it is there, that it looks, and what its person answered.

The requests are those of Auth0's Guardian SDKs (github.com/auth0/Guardian.Android), but for one: a phone is sent a
push by Apple's or Google's service, and a terminal has to ask for it. The local tenant answers that at
`/local/pushes`; a tenant of Auth0's does not, and pushes to phones alone.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from portal._environment import typed
from portal._errors import CommandFailed, PartAway
from portal.device._asked import Asked, Push, process_consent
from portal.device._devices import Device
from portal.session import SYSTEM_CLOCK, Clock
from shared.errors import OAuthError

ALGORITHM = "RS256"
KEY_BITS = 2048
ANSWER_SECONDS = 30
UNKNOWN_DEVICE = "Unknown device"
NO_TRANSACTION = "mfa_transaction_not_found"


class AuthenticationServer:
    """The tenant, as devices see it.

    Args:
        issuer: The tenant, with its trailing slash.
        http: The process's HTTP client.
    """

    def __init__(self, issuer: str, http: httpx.AsyncClient) -> None:
        self.issuer = issuer
        self._http = http

    async def enroll_request(self, ticket: str, name: str) -> Device:
        """Enrols a new device with a key made for it.

        Args:
            ticket: From the person's page of approvals; good once.
            name: What the person will know the device by.

        Raises:
            CommandFailed: the ticket is not good, or the tenant takes no such devices.
            PartAway: the tenant does not answer.
        """
        key = rsa.generate_private_key(65537, KEY_BITS)
        public_key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
        body = {"identifier": secrets.token_hex(8), "name": name, "public_key": public_key}
        headers = {"Authorization": f'Ticket id="{ticket}"'}
        try:
            enrolled = await self.send("POST", "appliance-mfa/api/enroll", headers, body)
            device_id, subject = str(enrolled["id"]), str(enrolled["user_id"])
        except OAuthError as error:
            raise CommandFailed(
                f"The ticket is not good: it was used, or is older than five minutes. "
                f"Have another made on {self.issuer}phone.",
                detail=error.detail,
            ) from error
        except KeyError as error:
            raise CommandFailed(f"{self.issuer} did not enrol this terminal: its answer is not whole.") from error
        return Device(self.issuer, subject, device_id, _pem(key))

    async def send(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """One request; the JSON object that came back, empty where nothing did.

        Raises:
            OAuthError: the tenant refused.
            CommandFailed: it knows nothing of such devices.
            PartAway: it does not answer.
        """
        url = f"{self.issuer}{path}"
        try:
            response = await self._http.request(method, url, headers=headers, json=body)
        except (httpx.HTTPError, OSError) as error:
            raise self._away(f"{url}: {type(error).__name__}") from error
        if response.is_server_error:
            raise self._away(f"{url}: status {response.status_code}")
        try:
            document = response.json() if response.content else {}
        except ValueError:
            document = None
        if isinstance(document, dict) and not response.is_error:
            return document
        refusal = document if isinstance(document, dict) else {}
        known = response.status_code != httpx.codes.NOT_FOUND or refusal.get("error") == NO_TRANSACTION
        if "error" in refusal and known:
            description = str(refusal.get("error_description", ""))
            raise OAuthError(str(refusal["error"]), description, status=response.status_code)
        raise CommandFailed(
            f"{self.issuer} does not let terminals approve: use the Guardian app on your phone.",
            detail=f"{url}: status {response.status_code}",
        )

    def _away(self, detail: str) -> PartAway:
        return PartAway(
            "authorization server",
            f"The authorization server at {self.issuer} does not answer: see `{typed('status')}`.",
            detail=detail,
        )


class AuthenticationDevice:
    """An enrolled device in use.

    Args:
        device: Which.
        http: The process's HTTP client.
        clock: The time.
    """

    def __init__(self, device: Device, http: httpx.AsyncClient, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._device = device
        self._server = AuthenticationServer(device.issuer, http)
        self._clock = clock

    async def waiting(self) -> list[Asked]:
        """What waits for the person, the oldest first.

        Raises:
            CommandFailed: the tenant does not know this device, or tells what cannot be shown.
            PartAway: it does not answer.
        """
        found = []
        for push in await self._pushes():
            try:
                found.append(await self._consent_request(push))
            except OAuthError as error:
                if error.status != httpx.codes.UNAUTHORIZED:
                    raise CommandFailed(f"Something waits that cannot be shown: {error.detail}") from error
                continue  # answered or expired since, or another device of the person has asked too
        return found

    async def answer_request(self, asked: Asked, *, approved: bool) -> bool:
        """Answers; False if that comes too late: it has expired, or was answered already.

        The token of a push ends when the person's devices ask anew. So where it is refused, and the same request
        still waits, the answer is sent with the new one.

        Raises:
            CommandFailed: the tenant does not know this device any more.
            PartAway: it does not answer. Whether it took the answer is not known then; a second one changes nothing.
        """
        push: Push | None = asked.push
        for last_try in (False, True):
            if push is None:
                return False
            try:
                await self._resolve_request(push, approved=approved)
            except OAuthError as error:
                if last_try or error.status not in {httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND}:
                    raise CommandFailed(f"The tenant did not take the answer: {error.detail}") from error
                push = await self._pushed_again(asked)
            else:
                return True
        return False

    async def _pushed_again(self, asked: Asked) -> Push | None:
        return next((push for push in await self._pushes() if push.consent_id == asked.consent_id), None)

    async def _pushes(self) -> list[Push]:
        token = self._signed(f"{self._device.issuer}local/pushes", {})
        try:
            document = await self._server.send("GET", "local/pushes", {"Authorization": f"Bearer {token}"})
            return [Push.parse(one) for one in document["pushes"]]
        except OAuthError as error:
            raise CommandFailed(self._refused(error), detail=error.detail) from error
        except (KeyError, TypeError) as error:
            raise CommandFailed(f"What {self._device.issuer} says waits cannot be read.") from error

    async def _consent_request(self, push: Push) -> Asked:
        path = f"rich-consents/{push.consent_id}"
        ath = base64.urlsafe_b64encode(hashlib.sha256(push.token.encode()).digest()).rstrip(b"=").decode()
        claims = {
            "htm": "GET",
            "htu": f"{self._device.issuer}{path}",
            "ath": ath,
            "jti": secrets.token_hex(16),
            "iat": int(self._clock.now()),
        }
        proof = self._encoded(claims, "dpop+jwt")
        headers = {"Authorization": f"MFA-DPoP {push.token}", "MFA-DPoP": proof}
        return process_consent(push, await self._server.send("GET", path, headers))

    async def _resolve_request(self, push: Push, *, approved: bool) -> None:
        path = "appliance-mfa/api/resolve-transaction"
        claims = {
            "sub": push.challenge,
            "auth0_guardian_method": "push",
            "auth0_guardian_accepted": approved,
        }
        body = {"challenge_response": self._signed(f"{self._device.issuer}{path}", claims)}
        await self._server.send("POST", path, {"Authorization": f"Bearer {push.token}"}, body)

    def _signed(self, audience: str, claims: Mapping[str, Any]) -> str:
        now = int(self._clock.now())
        times = {"iat": now, "exp": now + ANSWER_SECONDS}
        return self._encoded({"iss": self._device.device_id, "aud": audience, **times, **claims}, "JWT")

    def _encoded(self, claims: dict[str, Any], typ: str) -> str:
        return jwt.encode(claims, self._device.private_key, algorithm=ALGORITHM, headers={"typ": typ})

    def _refused(self, error: OAuthError) -> str:
        if UNKNOWN_DEVICE in error.detail:
            return (
                f"{self._device.issuer} does not know this terminal any more: enrol it again with "
                f"`{typed('approve enroll')}`."
            )
        return f"{self._device.issuer} does not accept this terminal: is the clock of this machine right?"


def _pem(key: rsa.RSAPrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode("ascii")
