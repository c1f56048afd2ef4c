"""A client that asks for approval, a person at their phone, and a device that they enrolled."""

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from local.tenant.testing import LocalTenant

APPROVALS = "Password reset approvals"
GRANT = "urn:openid:params:grant-type:ciba"
TYPE = "urn:auth0:schemas:authorization-details:v1:helpdesk-action"
MESSAGE = "Reset your password, code K7QF"
DETAILS: list[dict[str, Any]] = [
    {
        "type": TYPE,
        "instruction": "Oscar Lind asks for a reset of your password.",
        "properties": {
            "action": {"display": True, "name": "Action", "display_order": 2, "value": "Reset the password"},
            "account": {"display": True, "name": "Account", "display_order": 1, "value": "amelia.hart"},
            "hash": {"display": False, "name": "Hash", "display_order": 3, "value": "3f29"},
        },
    }
]


def asking(tenant: LocalTenant, login: str = "amelia.hart", **changes: str | None) -> dict[str, str]:
    """The parameters of a request; one given as None is left out."""
    form = {
        "scope": "openid action:approve",
        "binding_message": MESSAGE,
        "login_hint": json.dumps({"format": "iss_sub", "iss": tenant.issuer, "sub": tenant.user_id(login)}),
        "audience": tenant.api("password_reset"),
        "authorization_details": json.dumps(DETAILS),
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


async def ask(tenant: LocalTenant, login: str = "amelia.hart", **changes: str | None) -> httpx.Response:
    async with tenant.http() as http:
        form = asking(tenant, login, **changes) | tenant.credentials(APPROVALS)
        return await http.post(f"{tenant.issuer}bc-authorize", data=form)


async def started(tenant: LocalTenant, login: str = "amelia.hart", **changes: str | None) -> str:
    response = await ask(tenant, login, **changes)
    assert response.status_code == 200, response.text
    return str(response.json()["auth_req_id"])


async def poll(tenant: LocalTenant, auth_req_id: str, client: str = APPROVALS) -> httpx.Response:
    form = {"grant_type": GRANT, "auth_req_id": auth_req_id}
    return await tenant.request_token(form | tenant.credentials(client))


async def refusal(tenant: LocalTenant, auth_req_id: str, client: str = APPROVALS) -> tuple[int, str]:
    response = await poll(tenant, auth_req_id, client)
    return response.status_code, response.json()["error"]


async def open_phone(tenant: LocalTenant, http: httpx.AsyncClient, login: str = "amelia.hart") -> httpx.Response:
    """The page of what waits, after a sign-in if need be."""
    page = await http.get(f"{tenant.issuer}phone")
    while page.is_redirect:
        page = await http.get(f"{tenant.issuer}{page.headers['location'][1:]}")
        if 'name="password"' in page.text:
            fields = {"form_token": form_token(page), "username": login, "password": tenant.password(login)}
            page = await http.post(page.url, data=fields)
    return page


def form_token(page: httpx.Response) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.text
    return found[1]


def consent_ids(page: httpx.Response) -> list[str]:
    return re.findall(r'name="consent_id" value="(cns_[A-Za-z0-9_-]{22})"', page.text)


async def decide(
    tenant: LocalTenant, http: httpx.AsyncClient, action: str = "approve", login: str = "amelia.hart", **changes: str
) -> httpx.Response:
    """Has the person answer the only request that waits."""
    page = await open_phone(tenant, http, login)
    (consent_id,) = consent_ids(page)
    fields = {"form_token": form_token(page), "consent_id": consent_id, "action": action, **changes}
    return await http.post(f"{tenant.issuer}phone", data=fields)


@dataclass
class Terminal:
    """A device with a key of its own, as the Guardian SDK has."""

    tenant: LocalTenant
    http: httpx.AsyncClient
    key: rsa.RSAPrivateKey
    device_id: str = ""

    async def enrol(self, ticket: str, **changes: Any) -> httpx.Response:
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        body = {"identifier": "1", "name": "Terminal", "public_key": jwk, **changes}
        headers = {"Authorization": f'Ticket id="{ticket}"'}
        response = await self.http.post(f"{self.tenant.issuer}appliance-mfa/api/enroll", json=body, headers=headers)
        if response.status_code == 200:
            self.device_id = response.json()["id"]
        return response

    def signed(self, audience: str, **claims: Any) -> str:
        now = int(self.tenant.clock())
        values = {"iss": self.device_id, "aud": audience, "iat": now, "exp": now + 30, **claims}
        return jwt.encode(values, self.key, algorithm="RS256")

    async def pushes(self) -> list[dict[str, str]]:
        url = f"{self.tenant.issuer}local/pushes"
        response = await self.http.get(url, headers={"Authorization": f"Bearer {self.signed(url)}"})
        assert response.status_code == 200, response.text
        found: list[dict[str, str]] = response.json()["pushes"]
        return found

    async def look(self, push: dict[str, str], **claims: Any) -> httpx.Response:
        url = f"{self.tenant.issuer}rich-consents/{push['txlinkid']}"
        ath = base64.urlsafe_b64encode(hashlib.sha256(push["txtkn"].encode()).digest()).rstrip(b"=").decode()
        values = {
            "htm": "GET",
            "htu": url,
            "ath": ath,
            "jti": secrets.token_hex(8),
            "iat": int(self.tenant.clock()),
            **claims,
        }
        proof = jwt.encode(values, self.key, algorithm="RS256", headers={"typ": "dpop+jwt"})
        return await self.http.get(url, headers={"Authorization": f"MFA-DPoP {push['txtkn']}", "MFA-DPoP": proof})

    async def answer(self, push: dict[str, str], *, accepted: bool, **claims: Any) -> httpx.Response:
        url = f"{self.tenant.issuer}appliance-mfa/api/resolve-transaction"
        values = {
            "sub": push["challenge"],
            "auth0_guardian_method": "push",
            "auth0_guardian_accepted": accepted,
            **claims,
        }
        body = {"challenge_response": self.signed(url, **values)}
        return await self.http.post(url, json=body, headers={"Authorization": f"Bearer {push['txtkn']}"})


async def terminal(tenant: LocalTenant, http: httpx.AsyncClient, login: str = "amelia.hart") -> Terminal:
    """A device that the person has just enrolled, with a ticket from the page."""
    page = await open_phone(tenant, http, login)
    fields = {"form_token": form_token(page), "action": "enrol"}
    shown = await http.post(f"{tenant.issuer}phone", data=fields)
    ticket = re.search(r'class="code shown">([^<]+)<', shown.text)
    assert ticket is not None, shown.text
    device = Terminal(tenant, http, rsa.generate_private_key(65537, 2048))
    enrolled = await device.enrol(ticket[1])
    assert enrolled.status_code == 200, enrolled.text
    return device
