"""The people file: who may sign in, with which subject and password."""

import hashlib
import re
from pathlib import Path

import pytest

from local.tenant._people import user_id_of
from local.tenant.testing import LocalTenant, claims_of
from shared.errors import ConfigurationError
from tests.tenant._support import MakeTenant

PEOPLE = """
- login: ann.lee
  name: Ann Mary Lee
  role: Employee
  department: Sales
  unknown_to_the_tenant: [1]
- {login: bo, name: Bo, roles: [Contractor, Employee], kind: administrator}
- {login: sync.service, name: Sync, roles: null, kind: service}
"""


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.yaml"
    path.write_text(PEOPLE)
    return path


def test_the_subject_is_derived_from_the_login() -> None:
    """The directory derives the same one, so that a subject finds its account."""
    assert user_id_of("amelia.hart") == f"auth0|{hashlib.sha256(b'helpdesk:amelia.hart').hexdigest()[:24]}"
    assert re.fullmatch(r"auth0\|[0-9a-f]{24}", user_id_of("x"))


async def test_one_role_or_a_list_of_them(make_tenant: MakeTenant, people: Path) -> None:
    tenant = make_tenant(tenant_people=people)
    for login, scope in (("ann.lee", "helpdesk:ask"), ("bo", "helpdesk:ask")):
        assert claims_of(await tenant.sign_in(login))["scope"] == scope
    delegated = await tenant.exchange(await tenant.sign_in("bo"), tenant.api("password_reset"))
    assert "password:reset" in claims_of(delegated)["scope"]  # roles add up


async def test_names_are_split_at_the_first_space(make_tenant: MakeTenant, people: Path) -> None:
    tenant = make_tenant(tenant_people=people)
    for login, names in (("ann.lee", ("Ann", "Mary Lee", "am")), ("bo", ("Bo", "", "b"))):
        tokens = await tenant.sign_in_tokens(login, scopes=["openid", "profile"])
        claims = claims_of(tokens["id_token"])
        assert (claims["given_name"], claims["family_name"]) == names[:2]
        assert claims["picture"].endswith(f"/{names[2]}.svg")


def test_passwords_are_made_once_and_kept(make_tenant: MakeTenant, people: Path) -> None:
    tenant = make_tenant(tenant_people=people)
    first = tenant.password("ann.lee")
    assert re.fullmatch(r"[A-Za-z2-9]{4}(-[A-Za-z2-9]{4}){3}", first)
    people.write_text(PEOPLE + "- {login: new.person, name: New Person, roles: [Employee]}\n")
    again = make_tenant(tenant_people=people)
    assert again.password("ann.lee") == first
    assert again.password("new.person") != first


def test_a_service_account_has_no_password(make_tenant: MakeTenant, people: Path) -> None:
    tenant = make_tenant(tenant_people=people)
    with pytest.raises(KeyError):
        tenant.password("sync.service")


def test_whatever_the_directory_says_a_person_may_sign_in(tenant: LocalTenant) -> None:
    """A locked account is the directory's matter: that is what people call the help desk about."""
    assert tenant.password("amelia.hart")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("- {login: a, name: A, roles: [Wizard]}", "a has the role Wizard, which is not defined"),
        ("- {login: a, name: A}\n- {login: a, name: B}", "a is there twice"),
        ("- {name: A}", r"0\.login: Field required"),
        ("- {login: A B, name: A}", r"0\.login: String should match"),
        ("- {login: a, name: ''}", r"0\.name: String should have at least 1 character"),
        ("- {login: a, name: A, kind: robot}", r"0\.kind"),
        ("login: a", "Input should be a valid list"),
        ("[", "is not YAML"),
    ],
)
def test_what_is_wrong_stops_the_start_and_is_named(
    make_tenant: MakeTenant, people: Path, content: str, expected: str
) -> None:
    people.write_text(content)
    with pytest.raises(ConfigurationError, match=expected):
        make_tenant(tenant_people=people)


def test_a_missing_file_is_named(make_tenant: MakeTenant, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"TENANT_PEOPLE is .*none\.yaml, which cannot be read"):
        make_tenant(tenant_people=tmp_path / "none.yaml")
