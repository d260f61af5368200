"""The catalogue of deliberately faulty servers, a module for each class of fault."""

from . import auth, errors, transport
from .catalogue import Planted
from .simple import *  # noqa: F403

CATALOGUE: tuple[Planted, ...] = (
    *transport.FAULTS,
    *errors.FAULTS,
    *auth.FAULTS,
)
