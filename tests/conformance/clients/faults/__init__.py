"""The catalogue of faulty drivers, a module for each class of fault."""

from tests.conformance.clients.changes import Change

from . import errors, paging, privacy, reading, retries, safety, sending, tokens

FAULTS: tuple[Change, ...] = (
    *tokens.FAULTS,
    *retries.FAULTS,
    *paging.FAULTS,
    *reading.FAULTS,
    *sending.FAULTS,
    *errors.FAULTS,
    *privacy.FAULTS,
    *safety.FAULTS,
)
