"""What we know of connecting to this mail host, as data. The public door is :func:`load`."""

from knowledge.loader import KnowledgeError, load
from knowledge.model import Knowledge

__all__ = ["Knowledge", "KnowledgeError", "load"]
