"""Models of several files."""

from pathlib import Path

import pytest

from shared.openfga_language import ModelError, parse_manifest, parse_modules, read_model

CORE = "module core\n\ntype user\n\ntype org\n  relations\n    define member: [user]\n\ntype empty\n"
WIKI = (
    "module wiki\n\nextend type org\n  relations\n    define can_read: member\n\nextend type empty\n  relations\n"
    "    define e: [user with c]\n\ntype page\n  relations\n    define org: [org]\n"
    "    define reader: member from org\n\n"
    "condition c(x: int) {\n  x < 1\n}\n"
)


def test_modules_become_one_model_that_knows_where_each_part_is_from() -> None:
    model = parse_modules({"core.fga": CORE, "wiki.fga": WIKI})

    core = {"module": "core", "source_info": {"file": "core.fga"}}
    wiki = {"module": "wiki", "source_info": {"file": "wiki.fga"}}
    user, org, empty, page = model["type_definitions"]
    assert model["schema_version"] == "1.2"
    assert user == {"type": "user", "metadata": core}
    assert set(org["relations"]) == {"member", "can_read"}
    assert org["metadata"] == core | {
        "relations": {"member": {"directly_related_user_types": [{"type": "user"}]}, "can_read": wiki}
    }
    assert empty["metadata"]["relations"]["e"] == wiki | {
        "directly_related_user_types": [{"type": "user", "condition": "c"}]
    }
    assert {name: page["metadata"][name] for name in wiki} == wiki
    assert model["conditions"]["c"]["metadata"] == wiki


@pytest.mark.parametrize(
    ("wiki", "message"),
    [
        (WIKI.replace("can_read", "member"), "wiki.fga:5:12: relation member already exists on type org"),
        (WIKI.replace("type org", "type orc"), "wiki.fga:3:13: extended type orc does not exist"),
        (WIKI.replace("type page", "type user"), "wiki.fga:11:6: duplicate type definition user"),
        ("model\n  schema 1.1\ntype page\n", "wiki.fga:1:1: file is not a module"),
        (WIKI + "type other page\n", "wiki.fga:19:1: expected a condition and found 'type'"),
        (WIKI.replace("type empty", "type org"), "wiki.fga:7:13: 'org' is already extended in file."),
    ],
)
def test_modules_that_do_not_fit_together_are_refused(wiki: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        parse_modules({"core.fga": CORE, "wiki.fga": wiki})

    assert message in map(str, caught.value.problems)


def test_a_folder_is_read_by_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "fga.mod").write_text("schema: '1.2'\ncontents:\n  - core.fga\n  - teams/wiki.fga\n")
    (tmp_path / "teams").mkdir()
    (tmp_path / "core.fga").write_text(CORE)
    (tmp_path / "teams" / "wiki.fga").write_text(WIKI)

    assert read_model(tmp_path) == parse_modules({"core.fga": CORE, "teams/wiki.fga": WIKI})
    assert read_model(tmp_path / "fga.mod") == read_model(tmp_path)


def test_modules_may_lie_beside_the_manifest_s_folder_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "fga.mod").write_text("schema: '1.2'\ncontents:\n  - core.fga\n  - ../wiki.fga\n")
    (tmp_path / "deploy" / "core.fga").write_text(CORE)
    (tmp_path / "wiki.fga").write_text(WIKI)

    model = read_model(tmp_path / "deploy", root=tmp_path)

    assert model["type_definitions"][3]["metadata"]["source_info"] == {"file": "wiki.fga"}
    with pytest.raises(ModelError, match=r"fga.mod:4:5: invalid contents item ../wiki.fga"):
        read_model(tmp_path / "deploy")
    with pytest.raises(ModelError, match=r"invalid contents item ../wiki.fga"):
        read_model(tmp_path / "deploy", root=tmp_path / "deploy")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("contents: [a.fga]", "missing schema field"),
        ("schema: 1.2\ncontents: [a.fga]", "fga.mod:1:9: unexpected schema type, expected string got value 1.2"),
        ("schema: '1.1'\ncontents: [a.fga]", "fga.mod:1:9: unsupported schema version"),
        ("schema: '1.2'", "missing contents field"),
        ("schema: '1.2'\ncontents: a.fga", "fga.mod:2:11: unexpected contents type"),
        ("schema: '1.2'\ncontents: [1]", "fga.mod:2:12: unexpected contents item type"),
        ("schema: '1.2'\ncontents: [/a.fga]", "fga.mod:2:12: invalid contents item /a.fga"),
        ("schema: '1.2'\ncontents: ['..\\a.fga']", "fga.mod:2:12: invalid contents item"),
        ("schema: '1.2'\ncontents: [a.txt]", "fga.mod:2:12: contents items should use fga file extension, got a.txt"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_manifest_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        parse_manifest(text)

    assert message in str(caught.value)


def test_a_module_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "fga.mod").write_text("schema: '1.2'\ncontents: [core.fga]\n")

    with pytest.raises(ModelError, match=r"core.fga: cannot be read: No such file"):
        read_model(tmp_path)
