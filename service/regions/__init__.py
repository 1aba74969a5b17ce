"""Decision regions of a softmax model: exact geometry, painted."""

from service.regions.options import PictureOptions
from service.regions.picture import Picture, draw
from service.regions.rules import Rule

__all__ = ["Picture", "PictureOptions", "Rule", "draw"]
