"""The API as it is usually written: FastAPI and pydantic, with SQLAlchemy and aiosqlite or a dict.

BENCH_DATABASE names the file; without it, sessions are kept in memory. BENCH_SECRET signs tokens.
"""

import os
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy import JSON, event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

DATABASE = os.environ.get("BENCH_DATABASE", "")
SECRET = os.environ["BENCH_SECRET"]


class Gender(StrEnum):
    MALE = "MALE"
    FEMALE = "FEMALE"
    OTHER = "OTHER"


class Patient(BaseModel):
    name: str = ""
    gender: Gender | None = None
    dob: date | None = None


class ConsultNote(BaseModel):
    status: str = "CREATED"
    result: str = ""
    heading: str = "Note"
    brain: str = "RIGHT"
    voice_style: str | None = None
    generation_method: str = "TEMPLATE"
    template_id: str | None = None
    ai_command_id: str | None = None
    ai_command_text: str | None = None
    feedback: Any = None
    dictation_cleanup_mode: str | None = None


class Session(BaseModel):
    session_id: str
    session_name: str
    patient: Patient = Field(default_factory=Patient)
    audio: list[Any] = []
    clinician_notes: list[str] = []
    consult_note: ConsultNote = Field(default_factory=ConsultNote)
    duration: float = 0
    created_at: str
    updated_at: str
    language_code: str = "en"
    output_language_code: str = "en"
    documents: list[Any] | None = None
    ehr_appt_id: str | None = None
    ehr_provider: str = "FastAPI"
    ehr_patient_id: str | None = None


class PatientUpdate(BaseModel):
    name: str | None = None
    gender: Gender | None = None
    dob: date | None = None


class SessionUpdate(BaseModel):
    session_name: str | None = None
    duration: float | None = Field(None, ge=0)
    patient: PatientUpdate | None = None
    clinician_notes: list[str] | None = None
    language_code: str | None = None
    output_language_code: str | None = None


class SessionCreate(BaseModel):
    ehr_appointment_id: str | None = None


class SessionCreated(BaseModel):
    session_id: str


class SessionEnvelope(BaseModel):
    session: Session


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "sessions"
    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(index=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


engine = create_async_engine(f"sqlite+aiosqlite:///{DATABASE}")
transactions = async_sessionmaker(engine, expire_on_commit=False)
memory: dict[str, tuple[str, Session]] = {}


@event.listens_for(engine.sync_engine, "connect")
def durable(connection: Any, _record: Any) -> None:
    """Be as durable as the sandbox."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
    if DATABASE:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def caller(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> str:
    try:
        claims = jwt.decode(credentials.credentials, SECRET, algorithms=["HS256"])  # pyright: ignore[reportUnknownMemberType]  # of a key it has no type for
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, "invalid token") from error
    return str(claims["sub"])


async def transaction() -> AsyncIterator[AsyncSession]:
    async with transactions() as session:
        yield session


Caller = Annotated[str, Depends(caller)]
Transaction = Annotated[AsyncSession, Depends(transaction)]


def now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat()


def created(body: SessionCreate | None) -> Session:
    time = now()
    return Session(
        session_id=str(secrets.randbits(128)),
        session_name="Session",
        created_at=time,
        updated_at=time,
        ehr_appt_id=body.ehr_appointment_id if body else None,
    )


def updated(session: Session, body: SessionUpdate) -> Session:
    changes = body.model_dump(exclude_unset=True, exclude={"patient"})
    if body.patient is not None:
        changes["patient"] = session.patient.model_copy(
            update=body.patient.model_dump(exclude_unset=True)
        )
    return session.model_copy(update={**changes, "updated_at": now()})


async def found(session_id: str, user: str, db: AsyncSession) -> Row:
    row = await db.get(Row, session_id)
    if row is None or row.owner != user:
        raise HTTPException(404, "no such session")
    return row


if DATABASE:

    @app.post("/sessions")
    async def create_session(
        user: Caller, db: Transaction, body: SessionCreate | None = None
    ) -> SessionCreated:
        session = created(body)
        db.add(Row(id=session.session_id, owner=user, content=session.model_dump(mode="json")))
        await db.commit()
        return SessionCreated(session_id=session.session_id)

    @app.get("/sessions/{session_id}")
    async def get_session(session_id: str, user: Caller, db: Transaction) -> SessionEnvelope:
        row = await found(session_id, user, db)
        return SessionEnvelope(session=Session.model_validate(row.content))

    @app.patch("/sessions/{session_id}")
    async def update_session(
        session_id: str, body: SessionUpdate, user: Caller, db: Transaction
    ) -> SessionEnvelope:
        row = await found(session_id, user, db)
        session = updated(Session.model_validate(row.content), body)
        row.content = session.model_dump(mode="json")
        await db.commit()
        return SessionEnvelope(session=session)

else:

    @app.post("/sessions")
    async def create_in_memory(user: Caller, body: SessionCreate | None = None) -> SessionCreated:
        session = created(body)
        memory[session.session_id] = user, session
        return SessionCreated(session_id=session.session_id)

    @app.get("/sessions/{session_id}")
    async def get_from_memory(session_id: str, user: Caller) -> SessionEnvelope:
        owner, session = memory.get(session_id, ("", None))
        if session is None or owner != user:
            raise HTTPException(404, "no such session")
        return SessionEnvelope(session=session)

    @app.patch("/sessions/{session_id}")
    async def update_in_memory(
        session_id: str, body: SessionUpdate, user: Caller
    ) -> SessionEnvelope:
        owner, session = memory.get(session_id, ("", None))
        if session is None or owner != user:
            raise HTTPException(404, "no such session")
        session = updated(session, body)
        memory[session_id] = user, session
        return SessionEnvelope(session=session)
