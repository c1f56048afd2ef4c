"""Approvals: the client that asks people on their own device (CIBA), and what the device is asked with."""

from collections.abc import Iterator
from typing import Final

from portal.doctor._check import Found, check
from portal.doctor._tenant import CIBA, Api, Client, Tenant

PUSH: Final = "guardian-push"
FACTOR: Final = "push-notification"


@check(
    "auth0/ciba-off",
    why="Nobody can be asked for approval: no client may start a backchannel authentication request for the API "
    "(unauthorized_client).",
    mend=f"Add {CIBA} to grant_types of the client that asks for approvals: a confidential one, with a grant of "
    "subject_type user for the API.",
)
def ciba_off(tenant: Tenant) -> Iterator[Found]:
    for api in tenant.own:
        asking = [client for client in _granted(tenant, api) if CIBA in client.grant_types]
        if api.details_types and not asking:
            yield Found(f"clients, for {api.identifier}", "no client with CIBA's grant")


@check(
    "auth0/ciba-channel",
    why="The request reaches no device: a client without the channel guardian-push sends mail at most, or nothing.",
    mend="Set async_approval_notification_channels of the client to [guardian-push].",
)
def ciba_channel(tenant: Tenant) -> Iterator[Found]:
    for client in tenant.clients:
        if CIBA in client.grant_types and PUSH not in client.async_approval_notification_channels:
            said = ", ".join(client.async_approval_notification_channels) or "none"
            yield Found(f"{client}.async_approval_notification_channels", said)


@check(
    "auth0/push-factor-off",
    why="Without the factor nobody can enrol a phone: every request for approval fails.",
    mend="Switch the factor push-notification on (guardianFactors), with a push provider.",
)
def push_factor_off(tenant: Tenant) -> Iterator[Found]:
    asks = any(CIBA in client.grant_types for client in tenant.clients)
    if asks and not any(factor.name == FACTOR and factor.enabled for factor in tenant.guardian_factors):
        yield Found(f"guardianFactors[{FACTOR}]", "off")


@check(
    "auth0/details-type",
    why="What is approved is said in authorization_details, whose type both the API and the client's grant have to "
    "know: the request is refused otherwise.",
    mend="Put the type into authorization_details of the API, and into authorization_details_types of the client "
    "grant.",
)
def details_type(tenant: Tenant) -> Iterator[Found]:
    for api in tenant.own:
        for grant in tenant.grants_to(api.identifier, "user"):
            granted = frozenset(grant.authorization_details_types)
            for kind in sorted(granted - api.details_types):
                yield Found(f"{api}.authorization_details", f"without {kind}")
            client = tenant.client(grant.client_id)
            for kind in sorted(api.details_types - granted) if client and CIBA in client.grant_types else ():
                yield Found(f"{grant}.authorization_details_types", f"without {kind}")


def _granted(tenant: Tenant, api: Api) -> list[Client]:
    found = (tenant.client(grant.client_id) for grant in tenant.grants_to(api.identifier, "user"))
    return [client for client in found if client is not None]
