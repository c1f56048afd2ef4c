"""What a message must be before an agent sees it."""

from typing import Final

from a2a.types import AgentCard, Message, Part, Role, SendMessageRequest
from a2a.utils.errors import ContentTypeNotSupportedError, InvalidParamsError
from google.protobuf.struct_pb2 import Struct, Value

from shared.a2a._limits import Limits

MAX_ID_CHARACTERS: Final = 256
MAX_REFERENCES: Final = 16
TEXT: Final = "text/plain"
_NATURAL_TYPES: Final = {"text": TEXT, "data": "application/json"}


def accepted_media_types(card: AgentCard) -> frozenset[str]:
    """What the card says that the agent takes in: its default input modes and those of its skills."""
    modes = set(card.default_input_modes)
    for skill in card.skills:
        modes.update(skill.input_modes)
    return frozenset(modes or {TEXT})


def check_message(params: SendMessageRequest, accepted: frozenset[str], limits: Limits) -> None:
    """Refuses a message that the agent could not make sense of, with words that say why.

    Raises:
        InvalidParamsError: it is incomplete, empty, too long or too deep.
        ContentTypeNotSupportedError: a part is of a kind that the card does not offer to take.
    """
    message = params.message
    _check_ids(message)
    if message.role != Role.ROLE_USER:
        raise InvalidParamsError(message="The message's role must be ROLE_USER.")
    if not message.parts:
        raise InvalidParamsError(message="The message has no parts.")
    if len(message.parts) > limits.message_parts:
        raise InvalidParamsError(message=f"The message has more than {limits.message_parts} parts.")
    characters = sum(_check_part(part, accepted, limits) for part in message.parts)
    if characters > limits.message_characters:
        raise InvalidParamsError(message=f"The message is longer than {limits.message_characters} characters.")
    if TEXT in accepted and not any(part.text.strip() or part.HasField("data") for part in message.parts):
        raise InvalidParamsError(message="The message is empty.")
    if len(message.reference_task_ids) > MAX_REFERENCES or len(message.extensions) > MAX_REFERENCES:
        raise InvalidParamsError(message=f"The message refers to more than {MAX_REFERENCES} tasks or extensions.")
    _check_metadata(message.metadata if message.HasField("metadata") else None, limits)
    _check_metadata(params.metadata if params.HasField("metadata") else None, limits)
    if message.ByteSize() - _text_bytes(message) > limits.besides_text_bytes:
        raise InvalidParamsError(
            message=f"The message holds more than {limits.besides_text_bytes} bytes besides its text."
        )
    if params.configuration.history_length < 0:
        raise InvalidParamsError(message="The history length must not be negative.")


def _text_bytes(message: Message) -> int:
    return sum(len(part.text.encode()) for part in message.parts)


def _check_ids(message: Message) -> None:
    if not message.message_id:
        raise InvalidParamsError(message="The message has no messageId.")
    for name, value in (
        ("messageId", message.message_id),
        ("taskId", message.task_id),
        ("contextId", message.context_id),
    ):
        if len(value) > MAX_ID_CHARACTERS or not value.isprintable():
            raise InvalidParamsError(message=f"The {name} is not one line of at most {MAX_ID_CHARACTERS} characters.")


def _check_part(part: Part, accepted: frozenset[str], limits: Limits) -> int:
    kind = part.WhichOneof("content")
    if kind is None:
        raise InvalidParamsError(message="A part of the message has no content.")
    media_type = part.media_type.partition(";")[0].strip().lower() or _NATURAL_TYPES.get(
        kind, "application/octet-stream"
    )
    if media_type not in accepted or (kind == "text" and "\0" in part.text):
        raise ContentTypeNotSupportedError(
            message=f"A part of the message is of a kind that this agent does not take; it takes: "
            f"{', '.join(sorted(accepted))}."
        )
    if kind == "data" and _value_depth(part.data) > limits.metadata_depth:
        raise InvalidParamsError(message=f"A data part is nested deeper than {limits.metadata_depth} levels.")
    _check_metadata(part.metadata if part.HasField("metadata") else None, limits)
    return len(part.text)


def _check_metadata(metadata: Struct | None, limits: Limits) -> None:
    if metadata is not None and _struct_depth(metadata) > limits.metadata_depth:
        raise InvalidParamsError(message=f"The metadata is nested deeper than {limits.metadata_depth} levels.")


def _struct_depth(struct: Struct) -> int:
    return 1 + max((_value_depth(value) for value in struct.fields.values()), default=0)


def _value_depth(value: Value) -> int:
    if value.HasField("struct_value"):
        return _struct_depth(value.struct_value)
    if value.HasField("list_value"):
        return 1 + max((_value_depth(item) for item in value.list_value.values), default=0)
    return 0
