"""Channels: pairwise ANDs with compressed inputs, through random signs and sets of neurons."""

from .influence import Influence, influence
from .pairwise import channel_pairwise_and
from .universal import universal_and

__all__ = ["Influence", "channel_pairwise_and", "influence", "universal_and"]
