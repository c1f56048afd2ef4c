"""What is kept and how it is read: the same on the embedded server and on the real one."""

from typing import Any

from tests.fga._servers import Api
from tests.fga.test_api import KEY, MODEL, key


async def pages(call: Any, name: str) -> list[list[Any]]:
    """All pages of a list."""
    found, token = [], ""
    while True:
        status, answer = await call(token)
        assert status == 200, answer
        found.append(answer[name])
        token = answer["continuation_token"]
        if not token or not answer[name]:
            return found


async def test_stores_are_made_listed_by_name_and_deleted(api: Api) -> None:
    names = [f"{api.name} {number}" for number in range(3)]
    made = [(await api.call("POST", "/stores", {"name": name}))[1] for name in names]

    _, listed = await api.call("GET", f"/stores?name={names[1].replace(' ', '%20')}")
    assert listed["stores"][-1]["id"] == made[1]["id"]
    status, shown = await api.call("GET", f"/stores/{made[0]['id']}")
    assert (status, shown["name"], shown["deleted_at"]) == (200, names[0], None)
    assert (await api.call("DELETE", f"/stores/{made[0]['id']}"))[0] == 204
    assert (await api.call("GET", f"/stores/{made[0]['id']}"))[1]["code"] == "store_id_not_found"
    assert (await api.call("DELETE", f"/stores/{made[0]['id']}"))[0] == 204


async def test_stores_are_listed_page_by_page(ours: Api) -> None:
    made = [(await ours.call("POST", "/stores", {"name": f"store {number}"}))[1]["id"] for number in range(5)]

    found = await pages(lambda token: ours.call("GET", f"/stores?page_size=2&continuation_token={token}"), "stores")

    assert [[store["id"] for store in page] for page in found] == [made[:2], made[2:4], made[4:]]


async def test_models_are_listed_newest_first_and_read_back_whole(api: Api) -> None:
    store = await api.store()
    made = [(await api.call("POST", f"{store}/authorization-models", MODEL))[1]["authorization_model_id"] for _ in "12"]

    _, listed = await api.call("GET", f"{store}/authorization-models?page_size=1")
    assert [model["id"] for model in listed["authorization_models"]] == [made[1]]
    _, rest = await api.call(
        "GET", f"{store}/authorization-models?page_size=1&continuation_token={listed['continuation_token']}"
    )
    assert [model["id"] for model in rest["authorization_models"]] == [made[0]]
    _, shown = await api.call("GET", f"{store}/authorization-models/{made[0]}")
    model = shown["authorization_model"]
    doc = next(each for each in model["type_definitions"] if each["type"] == "doc")
    assert doc["relations"]["other"] == {"computedUserset": {"object": "", "relation": "viewer"}}
    assert doc["relations"]["viewer"]["union"]["child"][0] == {"this": {}}
    assert doc["metadata"]["relations"]["viewer"]["directly_related_user_types"] == [
        {"type": "user", "condition": ""},
        {"type": "user", "wildcard": {}, "condition": ""},
        {"type": "group", "relation": "member", "condition": ""},
        {"type": "user", "condition": "small"},
    ]
    assert model["conditions"]["small"]["parameters"] == {"x": {"type_name": "TYPE_NAME_INT", "generic_types": []}}
    assert model["schema_version"] == "1.1"


async def test_a_question_may_name_an_older_model(api: Api) -> None:
    store = await api.store(MODEL)
    await api.write(store, [KEY])
    _, listed = await api.call("GET", f"{store}/authorization-models")
    narrow = {"schema_version": "1.1", "type_definitions": [{"type": "user"}, {"type": "doc"}]}
    await api.call("POST", f"{store}/authorization-models", narrow)
    question = {"tuple_key": KEY, "consistency": "HIGHER_CONSISTENCY"}

    assert (await api.call("POST", f"{store}/check", question))[1]["code"] == "validation_error"
    older = question | {"authorization_model_id": listed["authorization_models"][0]["id"]}
    assert (await api.call("POST", f"{store}/check", older))[1]["allowed"] is True


async def test_writes_and_deletes_are_one_step(api: Api) -> None:
    store = await api.store(MODEL)
    await api.write(store, [KEY])

    body = {"writes": {"tuple_keys": [key(user="user:b"), KEY]}, "deletes": {"tuple_keys": [key(user="user:nobody")]}}
    assert (await api.call("POST", f"{store}/write", body))[0] == 400
    _, after = await api.call("POST", f"{store}/read", {})
    assert [each["key"]["user"] for each in after["tuples"]] == ["user:a"]
    body = {"writes": {"tuple_keys": [key(user="user:b")]}, "deletes": {"tuple_keys": [KEY]}}
    assert await api.call("POST", f"{store}/write", body) == (200, {})
    _, after = await api.call("POST", f"{store}/read", {})
    assert [each["key"]["user"] for each in after["tuples"]] == ["user:b"]


async def test_what_is_already_so_may_be_ignored(api: Api) -> None:
    store = await api.store(MODEL)
    await api.write(store, [KEY])
    nobody = key(user="user:nobody")

    async def write(**parts: Any) -> tuple[int, Any]:
        return await api.call("POST", f"{store}/write", parts)

    assert (await write(writes={"tuple_keys": [KEY], "on_duplicate": "ignore"}))[0] == 200
    assert (await write(deletes={"tuple_keys": [nobody], "on_missing": "ignore"}))[0] == 200
    other = KEY | {"condition": {"name": "small", "context": {"x": 1}}}
    status, answer = await write(writes={"tuple_keys": [other], "on_duplicate": "ignore"})
    assert (status, answer["code"]) == (409, "Aborted")
    assert "attempted to write a tuple which already exists with a different condition" in answer["message"]


async def test_tuples_are_read_by_what_is_asked_for(api: Api) -> None:
    store = await api.store(MODEL)
    condition = {"name": "small", "context": {"x": 1}}
    tuples = [
        key(),
        key(object="doc:2", user="user:b"),
        key(object="doc:2", user="group:g#member"),
        key(object="doc:2", relation="parent", user="doc:1"),
        key(object="group:g", relation="member"),
        key(object="doc:3") | {"condition": condition},
    ]
    await api.write(store, tuples)

    async def read(**wanted: str) -> list[str]:
        _, answer = await api.call("POST", f"{store}/read", {"tuple_key": wanted})
        return sorted(f"{each['key']['object']} {each['key']['user']}" for each in answer["tuples"])

    assert await read(object="doc:2") == ["doc:2 doc:1", "doc:2 group:g#member", "doc:2 user:b"]
    assert await read(object="doc:2", relation="viewer") == ["doc:2 group:g#member", "doc:2 user:b"]
    assert await read(object="doc:", user="user:a") == ["doc:1 user:a", "doc:3 user:a"]
    assert await read(object="doc:", relation="viewer", user="user:b") == ["doc:2 user:b"]
    assert await read(object="doc:2", relation="viewer", user="user:a") == []
    _, answer = await api.call("POST", f"{store}/read", {"tuple_key": {"object": "doc:3"}})
    assert answer["tuples"][0]["key"] == key(object="doc:3") | {"condition": condition}


async def test_tuples_are_read_page_by_page(api: Api) -> None:
    store = await api.store(MODEL)
    await api.write(store, [key(user=f"user:{number}") for number in range(5)])

    async def read(token: str) -> tuple[int, Any]:
        return await api.call("POST", f"{store}/read", {"page_size": 2, "continuation_token": token})

    found = await pages(read, "tuples")
    assert [len(page) for page in found] == [2, 2, 1]
    assert len({each["key"]["user"] for page in found for each in page}) == 5


async def test_changes_tell_what_was_written_and_deleted(api: Api) -> None:
    store = await api.store(MODEL)
    await api.write(store, [KEY, key(object="group:g", relation="member")])
    await api.call("POST", f"{store}/write", {"deletes": {"tuple_keys": [KEY]}})

    _, answer = await api.call("GET", f"{store}/changes?type=doc")
    told = [(each["operation"], each["tuple_key"]["object"]) for each in answer["changes"]]
    assert told == [("TUPLE_OPERATION_WRITE", "doc:1"), ("TUPLE_OPERATION_DELETE", "doc:1")]
    token = answer["continuation_token"]
    assert token
    again = await api.call("GET", f"{store}/changes?type=doc&continuation_token={token}")
    assert again[1] == {"changes": [], "continuation_token": token}
    _, answer = await api.call("GET", f"{store}/changes?type=group&continuation_token={token}")
    assert answer["code"] == "query_string_type_continuation_token_mismatch"
    assert len((await api.call("GET", f"{store}/changes?page_size=2"))[1]["changes"]) == 2


async def test_what_is_asserted_of_a_model_is_kept(api: Api) -> None:
    store = await api.store(MODEL)
    _, listed = await api.call("GET", f"{store}/authorization-models")
    path = f"{store}/assertions/{listed['authorization_models'][0]['id']}"
    assert (await api.call("GET", path))[1]["assertions"] == []

    assertion = {"tuple_key": KEY, "expectation": True, "contextual_tuples": [KEY], "context": {"x": 1}}
    assert (await api.call("PUT", path, {"assertions": [assertion]}))[0] == 204

    _, answer = await api.call("GET", path)
    assert answer["assertions"][0]["tuple_key"] == KEY
    assert answer["assertions"][0]["expectation"] is True


async def test_a_batch_answers_each_question_by_its_name(api: Api) -> None:
    store = await api.store(MODEL)
    await api.write(store, [KEY])
    asked = [
        {"tuple_key": KEY, "correlation_id": "yes"},
        {"tuple_key": key(object="doc:2"), "correlation_id": "no"},
        {"tuple_key": key(relation="no-such"), "correlation_id": "wrong"},
        {
            "tuple_key": key(object="doc:2"),
            "correlation_id": "given",
            "contextual_tuples": {"tuple_keys": [key(object="doc:2", relation="parent", user="doc:1")]},
        },
    ]

    _, answer = await api.call("POST", f"{store}/batch-check", {"checks": asked})

    assert answer["result"] == {
        "yes": {"allowed": True},
        "no": {"allowed": False},
        "given": {"allowed": True},
        "wrong": {
            "error": {
                "input_error": "validation_error",
                "message": "invalid relation: relation 'doc#no-such' not found",
            }
        },
    }


async def test_a_stream_of_objects_has_one_on_each_line(api: Api) -> None:
    store = await api.store(MODEL)
    await api.write(store, [key(object=f"doc:{number}") for number in range(3)])
    body = {"type": "doc", "relation": "viewer", "user": "user:a"}

    answer = await api.client.post(f"{api.url}{store}/streamed-list-objects", json=body)

    assert sorted(answer.text.split()) == [f'{{"result":{{"object":"doc:{number}"}}}}' for number in range(3)]


async def test_the_answer_names_the_model_that_was_asked(api: Api) -> None:
    store = await api.store(MODEL)
    answer = await api.client.post(f"{api.url}{store}/check", json={"tuple_key": KEY})

    _, listed = await api.call("GET", f"{store}/authorization-models")
    assert answer.headers["openfga-authorization-model-id"] == listed["authorization_models"][0]["id"]
    assert answer.headers["openfga-store-id"] == store.removeprefix("/stores/")
