"""The catalogue of deliberately faulty servers, a module for each class of fault."""

from . import (
    auth,
    creation,
    errors,
    fidelity,
    ids,
    methods,
    paging,
    patch,
    robustness,
    shape,
    tenants,
    transport,
    validation,
    views,
)
from .catalogue import Planted

CATALOGUE: tuple[Planted, ...] = (
    *transport.FAULTS,
    *errors.FAULTS,
    *auth.FAULTS,
    *methods.FAULTS,
    *tenants.FAULTS,
    *ids.FAULTS,
    *creation.FAULTS,
    *shape.FAULTS,
    *views.FAULTS,
    *views.TIMES,
    *patch.FAULTS,
    *validation.FAULTS,
    *fidelity.FAULTS,
    *paging.FAULTS,
    *robustness.FAULTS,
    *robustness.RACES,
)

__all__ = ["CATALOGUE", "Planted"]
