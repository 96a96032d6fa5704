"""The starter model: what answers where no champion is, from published and measured figures."""

from models.starter.bundle import answering_bundle, starter_bundle
from models.starter.identity import STARTER_VERSION, TRAINED_ON, is_starter, starter_notice

__all__ = [
    "STARTER_VERSION",
    "TRAINED_ON",
    "answering_bundle",
    "is_starter",
    "starter_bundle",
    "starter_notice",
]
