"""A stand-in GitHub, which the tests of the bot talk to over HTTP."""

from tests.github.standin import StandIn

__all__ = ["StandIn"]
