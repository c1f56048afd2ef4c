"""The bodies that OpenFGA's API takes, with the rules of its protocol."""

from local.fga._wire import (
    Field,
    Message,
    at_least_items,
    at_most_bytes,
    at_most_items,
    between_bytes,
    exactly_items,
    in_range,
    matches,
    one_of,
    required,
)

ID = matches("^[ABCDEFGHJKMNPQRSTVWXYZ0-9]{26}$")
_TYPE = matches(r"^[^:#@\s]{1,254}$")
_NAME = matches(r"^[^:#@\s]{1,50}$")
_MAYBE_NAME = matches(r"^[^:#@\s]{1,50}$", may_be_empty=True)
_OBJECT = matches(r"^[^\s]{2,256}$")
_MAYBE_OBJECT = matches(r"^[^\s]{2,256}$", may_be_empty=True)
STORE_NAME = matches(r"^[a-zA-Z0-9\s\.\-\/^_&@]{3,64}$")
MAYBE_STORE_NAME = matches(r"^[a-zA-Z0-9\s\.\-\/^_&@]{3,64}$", may_be_empty=True)
TOKEN_LENGTH = at_most_bytes(5120)
TOKEN = matches("^$|^[A-Za-z0-9-_]+={0,2}$")
PAGE_SIZE = in_range(1, 100)
CHANGES_TYPE = matches(r"^[^:#\s]{1,254}$", may_be_empty=True)

STRING, BOOL = Field("string"), Field("bool")
_CONSISTENCY = Field("consistency", names=("UNSPECIFIED", "MINIMIZE_LATENCY", "HIGHER_CONSISTENCY"))
_MODEL_ID = Field("string", rules=(matches("^[ABCDEFGHJKMNPQRSTVWXYZ0-9]{26}$", may_be_empty=True),))
_STRUCT = Field("struct")


def _inner(message: Message, *, is_required: bool = False) -> Field:
    return Field("message", message, rules=(required,) if is_required else ())


# Tuples

_CONDITION = Message("RelationshipCondition", {"name": Field("string", rules=(_OBJECT,)), "context": _STRUCT})
TUPLE_KEY = Message(
    "TupleKey",
    {
        "user": Field("string", rules=(at_most_bytes(512),)),
        "relation": Field("string", rules=(_MAYBE_NAME,)),
        "object": Field("string", rules=(_MAYBE_OBJECT,)),
        "condition": _inner(_CONDITION),
    },
)
_BARE_KEY = Message(
    "TupleKeyWithoutCondition", {name: TUPLE_KEY.fields[name] for name in ("user", "relation", "object")}
)
_CHECK_KEY = Message(
    "CheckRequestTupleKey",
    {
        "user": Field("string", rules=(matches(r"^[^\s]{2,512}$"),)),
        "relation": Field("string", rules=(_NAME,)),
        "object": Field("string", rules=(_OBJECT,)),
    },
)
_ASSERTION_KEY = Message(
    "AssertionTupleKey", {name: _CHECK_KEY.fields[name] for name in ("object", "relation", "user")}
)
_EXPAND_KEY = Message(
    "ExpandRequestTupleKey",
    {"relation": Field("string", rules=(_MAYBE_NAME,)), "object": Field("string", rules=(_MAYBE_OBJECT,))},
)
_READ_KEY = Message(
    "ReadRequestTupleKey",
    {
        "user": Field("string", rules=(at_most_bytes(512), matches(r"^[^\s]{1,511}:[^\s]{1,511}$", may_be_empty=True))),
        "relation": Field("string", rules=(_MAYBE_NAME,)),
        "object": Field("string", rules=(_MAYBE_OBJECT,)),
    },
)
_CONTEXTUAL = Message(
    "ContextualTupleKeys", {"tuple_keys": Field("message", TUPLE_KEY, is_list=True, rules=(at_most_items(100),))}
)

# Models

_OBJECT_RELATION = Message(
    "ObjectRelation",
    {"object": Field("string", rules=(at_most_bytes(256),)), "relation": Field("string", rules=(at_most_bytes(50),))},
)
_THROUGH = Message(
    "TupleToUserset",
    {
        "tupleset": _inner(_OBJECT_RELATION, is_required=True),
        "computedUserset": Field("message", _OBJECT_RELATION, rules=(required,), aliases=("computed_userset",)),
    },
)
_USERSET_FIELDS: dict[str, Field] = {}
_USERSET = Message(
    "Userset",
    _USERSET_FIELDS,
    one_of=frozenset({"this", "computedUserset", "tupleToUserset", "union", "intersection", "difference"}),
)
_USERSETS = Message("Usersets", {"child": Field("message", _USERSET, is_list=True)})
_DIFFERENCE = Message(
    "Difference", {"base": _inner(_USERSET, is_required=True), "subtract": _inner(_USERSET, is_required=True)}
)
_USERSET_FIELDS |= {
    "this": Field("struct"),
    "computedUserset": Field("message", _OBJECT_RELATION, aliases=("computed_userset",)),
    "tupleToUserset": Field("message", _THROUGH, aliases=("tuple_to_userset",)),
    "union": _inner(_USERSETS),
    "intersection": _inner(_USERSETS),
    "difference": _inner(_DIFFERENCE),
}
_SOURCE = Message(
    "SourceInfo", {"file": Field("string", rules=(matches(r"^[a-zA-Z0-9_\-\/]{1,100}\.fga$", may_be_empty=True),))}
)
_REFERENCE = Message(
    "RelationReference",
    {
        "type": Field("string", rules=(_TYPE,)),
        "condition": Field("string", rules=(_MAYBE_NAME,)),
        "relation": Field("optional string"),
        "wildcard": Field("struct"),
    },
    one_of=frozenset({"relation", "wildcard"}),
)
_RELATION_METADATA = Message(
    "RelationMetadata",
    {
        "directly_related_user_types": Field("message", _REFERENCE, is_list=True),
        "module": Field("string", rules=(_MAYBE_NAME,)),
        "source_info": _inner(_SOURCE),
    },
)
_METADATA = Message(
    "Metadata",
    {
        "relations": Field("message", _RELATION_METADATA, is_map=True),
        "module": Field("string", rules=(_MAYBE_NAME,)),
        "source_info": _inner(_SOURCE),
    },
)
_TYPE_DEFINITION = Message(
    "TypeDefinition",
    {
        "type": Field("string", rules=(_TYPE,)),
        "relations": Field("message", _USERSET, is_map=True, key_rule=_NAME),
        "metadata": _inner(_METADATA),
    },
)
_PARAMETER_TYPES = (
    *("TYPE_NAME_UNSPECIFIED", "TYPE_NAME_ANY", "TYPE_NAME_BOOL", "TYPE_NAME_STRING", "TYPE_NAME_INT"),
    *("TYPE_NAME_UINT", "TYPE_NAME_DOUBLE", "TYPE_NAME_DURATION", "TYPE_NAME_TIMESTAMP", "TYPE_NAME_MAP"),
    *("TYPE_NAME_LIST", "TYPE_NAME_IPADDRESS"),
)
_PARAMETER_FIELDS: dict[str, Field] = {}
_PARAMETER = Message("ConditionParamTypeRef", _PARAMETER_FIELDS)
_PARAMETER_FIELDS |= {
    "type_name": Field("parameter type", names=_PARAMETER_TYPES),
    "generic_types": Field("message", _PARAMETER, is_list=True, rules=(at_most_items(5),)),
}
_CONDITION_METADATA = Message(
    "ConditionMetadata", {"module": Field("string", rules=(_MAYBE_NAME,)), "source_info": _inner(_SOURCE)}
)
_CONDITION_DEFINITION = Message(
    "Condition",
    {
        "name": Field("string", rules=(_NAME,)),
        "expression": Field("string", rules=(at_most_bytes(512),)),
        "parameters": Field("message", _PARAMETER, is_map=True, rules=(at_most_items(25, "pair(s)"),), key_rule=_NAME),
        "metadata": _inner(_CONDITION_METADATA),
    },
)
WRITE_MODEL = Message(
    "WriteAuthorizationModelRequest",
    {
        "type_definitions": Field("message", _TYPE_DEFINITION, is_list=True, rules=(at_least_items(1),)),
        "schema_version": Field("string", rules=(one_of("1.0", "1.1", "1.2"),)),
        "conditions": Field(
            "message",
            _CONDITION_DEFINITION,
            is_map=True,
            rules=(at_most_items(25, "pair(s)"),),
            key_rule=_NAME,
        ),
    },
)

# Requests

CREATE_STORE = Message("CreateStoreRequest", {"name": Field("string", rules=(STORE_NAME,))})
_WRITES = Message(
    "WriteRequestWrites",
    {"tuple_keys": Field("message", TUPLE_KEY, is_list=True, rules=(at_least_items(1),)), "on_duplicate": STRING},
)
_DELETES = Message(
    "WriteRequestDeletes",
    {"tuple_keys": Field("message", _BARE_KEY, is_list=True, rules=(at_least_items(1),)), "on_missing": STRING},
)
WRITE = Message(
    "WriteRequest", {"writes": _inner(_WRITES), "deletes": _inner(_DELETES), "authorization_model_id": _MODEL_ID}
)
READ = Message(
    "ReadRequest",
    {
        "tuple_key": _inner(_READ_KEY),
        "page_size": Field("optional int", rules=(PAGE_SIZE,)),
        "continuation_token": Field("string", rules=(TOKEN_LENGTH, TOKEN)),
        "consistency": _CONSISTENCY,
    },
)
CHECK = Message(
    "CheckRequest",
    {
        "tuple_key": _inner(_CHECK_KEY, is_required=True),
        "contextual_tuples": _inner(_CONTEXTUAL),
        "authorization_model_id": _MODEL_ID,
        "trace": BOOL,
        "context": _STRUCT,
        "consistency": _CONSISTENCY,
    },
)
_BATCH_ITEM = Message(
    "BatchCheckItem",
    {
        "tuple_key": _inner(_CHECK_KEY, is_required=True),
        "contextual_tuples": _inner(_CONTEXTUAL),
        "context": _STRUCT,
        "correlation_id": Field("string", rules=(matches(r"^[\w\d-]{1,36}$"),)),
    },
)
BATCH_CHECK = Message(
    "BatchCheckRequest",
    {
        "checks": Field("message", _BATCH_ITEM, is_list=True, rules=(at_least_items(1),)),
        "authorization_model_id": _MODEL_ID,
        "consistency": _CONSISTENCY,
    },
)
EXPAND = Message(
    "ExpandRequest",
    {
        "tuple_key": _inner(_EXPAND_KEY, is_required=True),
        "authorization_model_id": _MODEL_ID,
        "consistency": _CONSISTENCY,
        "contextual_tuples": _inner(_CONTEXTUAL),
    },
)
_LIST_OBJECTS_FIELDS = {
    "authorization_model_id": _MODEL_ID,
    "type": Field("string", rules=(_TYPE,)),
    "relation": Field("string", rules=(_NAME,)),
    "user": Field("string", rules=(between_bytes(1, 512),)),
    "contextual_tuples": _inner(_CONTEXTUAL),
    "context": _STRUCT,
    "consistency": _CONSISTENCY,
}
LIST_OBJECTS = Message("ListObjectsRequest", _LIST_OBJECTS_FIELDS)
STREAMED_LIST_OBJECTS = Message("StreamedListObjectsRequest", _LIST_OBJECTS_FIELDS)
_WHOLE_OBJECT = Message(
    "Object",
    {"type": Field("string", rules=(_TYPE,)), "id": Field("string", rules=(matches(r"[^#:\s]+$"),))},
)
_USER_FILTER = Message(
    "UserTypeFilter",
    {"type": Field("string", rules=(_TYPE,)), "relation": Field("string", rules=(_MAYBE_NAME,))},
)
LIST_USERS = Message(
    "ListUsersRequest",
    {
        "authorization_model_id": _MODEL_ID,
        "object": _inner(_WHOLE_OBJECT, is_required=True),
        "relation": Field("string", rules=(_NAME,)),
        "user_filters": Field("message", _USER_FILTER, is_list=True, rules=(exactly_items(1),)),
        "contextual_tuples": Field("message", TUPLE_KEY, is_list=True, rules=(at_most_items(100),)),
        "context": _STRUCT,
        "consistency": _CONSISTENCY,
    },
)
_ASSERTION = Message(
    "Assertion",
    {
        "tuple_key": _inner(_ASSERTION_KEY, is_required=True),
        "expectation": BOOL,
        "contextual_tuples": Field("message", TUPLE_KEY, is_list=True, rules=(at_most_items(20),)),
        "context": _STRUCT,
    },
)
WRITE_ASSERTIONS = Message(
    "WriteAssertionsRequest",
    {"assertions": Field("message", _ASSERTION, is_list=True, rules=(at_most_items(100),))},
)
