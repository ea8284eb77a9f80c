"""What a call cost: `estimate(event)`."""

from payi_transport.prices.defaults import estimate, find_pricer
from payi_transport.prices.estimates import Estimate, Line
from payi_transport.prices.pricer import Pricer

__all__ = ["Estimate", "Line", "Pricer", "estimate", "find_pricer"]
