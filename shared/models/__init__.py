"""The models that plan, by setting."""

from shared.models._create import create_model
from shared.models.offline import OfflinePlanner

__all__ = ["OfflinePlanner", "create_model"]
