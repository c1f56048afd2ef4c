"""OpenFGA's errors: a code, the status that goes with it, a message in its words."""

from typing import ClassVar

from starlette.responses import JSONResponse


class FgaError(Exception):
    """Why a call is not answered, as it goes to the caller.

    Attributes:
        status: The HTTP status of its kind.
        code: OpenFGA's name for it.
    """

    status: ClassVar[int] = 400

    def __init__(self, code: str, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self._status = status or self.status

    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse({"code": self.code, "message": self.message}, self._status)


class ConditionFailed(FgaError):
    """A condition has no value for this context: what it guards is neither allowed nor denied.

    Attributes:
        is_final: Whether no other tuple of the same relation makes up for it.
    """

    def __init__(self, condition: str, cause: str, *, is_type_error: bool = False, is_final: bool = False) -> None:
        text = f"parameter type error on condition '{condition}' - {cause}"
        message = text if is_type_error else f"'{condition}' - {cause}"
        super().__init__("validation_error", f"failed to evaluate relationship condition: {message}")
        self.is_final = is_final


class TooComplex(FgaError):
    """The question leads deeper into the model than is gone."""

    def __init__(self) -> None:
        super().__init__(
            "authorization_model_resolution_too_complex",
            "Authorization Model resolution required too many rewrite rules to be resolved. "
            "Check your authorization model for infinite recursion or too much nesting",
        )


class TooLong(FgaError):
    """The answer takes longer than is waited for."""

    def __init__(self) -> None:
        super().__init__("deadline_exceeded", "Request Deadline Exceeded", status=500)


def validation_error(message: str) -> FgaError:
    """What was sent is not of its form."""
    return FgaError("validation_error", message)


def store_not_found() -> FgaError:
    """There is no such store."""
    return FgaError("store_id_not_found", "Store ID not found", status=404)


def model_not_found(store_id: str, model_id: str) -> FgaError:
    """There is no such model in the store; with no id asked for, there is none at all."""
    if model_id:
        return FgaError("authorization_model_not_found", f"Authorization Model '{model_id}' not found")
    message = f"No authorization models found for store '{store_id}'"
    return FgaError("latest_authorization_model_not_found", message)


def type_not_found(name: str) -> FgaError:
    """The model has no such type."""
    return FgaError("type_not_found", f"type '{name}' not found")


def relation_not_found(name: str, relation: str) -> FgaError:
    """The type has no such relation."""
    return FgaError("relation_not_found", f"relation '{name}#{relation}' not found")
