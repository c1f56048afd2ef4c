"""OpenFGA's modelling language: text to the JSON authorization model, and back. Nothing here knows a server."""

from shared.openfga_language._conditions import ConditionError, compile_condition
from shared.openfga_language._files import read_model
from shared.openfga_language._model import parse_manifest, parse_model, parse_modules
from shared.openfga_language._problems import ModelError, Place, Problem
from shared.openfga_language._validate import INLINE_CONDITION, ModelDocument, validate_model
from shared.openfga_language._write import write_model

__all__ = [
    "INLINE_CONDITION",
    "ConditionError",
    "ModelDocument",
    "ModelError",
    "Place",
    "Problem",
    "compile_condition",
    "parse_manifest",
    "parse_model",
    "parse_modules",
    "read_model",
    "validate_model",
    "write_model",
]
