"""What we know of connecting to this mail host, as data. The public door is :func:`load`."""

from knowledge.loader import load
from knowledge.model import Knowledge
from knowledge.source import KnowledgeError

__all__ = ["Knowledge", "KnowledgeError", "load"]
