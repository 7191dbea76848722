"""Business acts on questions: answer, none of ours, skip, take back, and make what is missing in bulk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.auth import audit
from app.catalog import making
from app.catalog.device_facts import facts_as_text, facts_from_text, match_key
from app.catalog.making import PlannedProduct, Undone, Wanted
from app.catalog.models import SupplierItem, Variant
from app.flows.models import Message
from app.matching.models import MatchQuestion
from app.offers import services as offers

FACT_FIELDS = ("maker", "line", "model", "storage", "storage_kind", "memory", "processor", "colour", "connectivity")
CREATABLE = ("new", "grade")  # Reasons of questions whose facts are a whole configuration.


class QuestionClosed(Exception):
    """Somebody answered it meanwhile, or its lines answered it by themselves."""


class NotAConfiguration(Exception):
    """The facts leave something open that decides which device is meant."""


def answer(session: Session, question_id: int, variant_id: int, *, user_id: int | None, now: datetime) -> None:
    """The item is this configuration, in every grade its lines have; grades we lack are added to the catalogue.

    Wake `supplier.offers.portal` after the commit: offers in force and files that wait follow. Raises QuestionClosed.
    """
    question = _open(session, question_id)
    batch_id = making.add_grades(session, variant_id, question.grades, user_id=user_id, now=now)
    variants = {grade: making.sibling(session, variant_id, grade) for grade in question.grades}
    _learn(session, question, variants, user_id=user_id, now=now)
    _close(session, question, variants[question.grades[0]], batch_id=batch_id, user_id=user_id, now=now)


def answer_none(session: Session, question_id: int, *, user_id: int | None, now: datetime) -> None:
    """The item is none of ours: its lines are not asked again while their description stays. Raises QuestionClosed."""
    question = _open(session, question_id)
    _learn(session, question, dict.fromkeys(question.grades), user_id=user_id, now=now)
    _close(session, question, None, batch_id=None, user_id=user_id, now=now)


def answer_new(session: Session, question_id: int, facts: Mapping[str, str], *, user_id: int | None,
               now: datetime) -> None:  # fmt: skip
    """The item is a device that we do not have yet: made from `facts`, which a person read or completed.

    Raises QuestionClosed, NotAConfiguration.
    """
    question = _open(session, question_id)
    key = match_key(facts_from_text(facts))
    if key is None:
        raise NotAConfiguration
    products = making.plan(session, [Wanted(facts, question.grades, question.gtin, question.mpn)])
    batch_id = making.make(session, products, user_id=user_id, now=now) if products else None
    like = session.execute(select(Variant.id).where(Variant.match_key == key, Variant.active).limit(1)).scalar_one()
    variants = {grade: making.sibling(session, like, grade) for grade in question.grades}
    _learn(session, question, variants, user_id=user_id, now=now)
    _close(session, question, variants[question.grades[0]], batch_id=batch_id, user_id=user_id, now=now)


def skip(session: Session, question_id: int) -> None:
    """Ask later. Raises QuestionClosed."""
    question = _open(session, question_id)
    question.state = "skipped"
    audit.record(session, act="matching.skip", subject_kind="match_question", subject_id=str(question_id))


def reopen(session: Session, question_id: int, *, now: datetime) -> None:
    """Take an answer back: what it taught is forgotten, what it made goes while unused, the lines are asked again."""
    question = session.execute(
        select(MatchQuestion).where(MatchQuestion.id == question_id).with_for_update()
    ).scalar_one_or_none()
    if question is None or question.state == "open":
        return
    before = {"state": question.state, "variant_id": question.variant_id}
    batch_id, answered = question.batch_id, question.state == "answered"
    if answered:
        session.execute(delete(SupplierItem).where(*_item_of(question), SupplierItem.method == "person"))
    question.state, question.variant_id, question.batch_id = "open", None, None
    question.answered_by = question.answered_at = None
    session.flush()
    if batch_id is not None:
        making.undo(session, batch_id, now=now)
    if answered:
        follow(session, question.supplier_id, now=now)
    audit.record(session, act="matching.reopen", subject_kind="match_question", subject_id=str(question_id),
                 before=before)  # fmt: skip


def forget_item(session: Session, item_id: int, *, now: datetime) -> None:
    """Unlearn what a supplier's item is; its offers and the files that wait are matched anew. Unknown: nothing."""
    item = session.get(SupplierItem, item_id)
    if item is None:
        return
    before = {"item_number": item.item_number or item.description_key, "grade": item.grade,
              "variant_id": item.variant_id, "method": item.method}  # fmt: skip
    session.execute(
        delete(MatchQuestion).where(
            MatchQuestion.supplier_id == item.supplier_id, MatchQuestion.item_number == item.item_number,
            MatchQuestion.description_key == item.description_key, MatchQuestion.state == "answered",
        )
    )  # fmt: skip
    session.delete(item)
    session.flush()
    follow(session, item.supplier_id, now=now)
    audit.record(session, act="matching.forget", subject_kind="supplier", subject_id=str(item.supplier_id),
                 before=before)  # fmt: skip


def planned(session: Session, *, supplier_id: int | None, kinds: Collection[str]) -> list[PlannedProduct]:
    """What answering all open questions with a whole configuration would make."""
    return making.plan(session, [wanted for _, _, wanted in _creatable(session, supplier_id, kinds)])


def make_all(session: Session, *, supplier_id: int | None, kinds: Collection[str], user_id: int | None,
             now: datetime) -> tuple[int, int] | None:  # fmt: skip
    """Make them, and let the lines find them; returns (batch id, questions answered), None when nothing was open."""
    questions = _creatable(session, supplier_id, kinds)
    if not questions:
        return None
    products = making.plan(session, [wanted for _, _, wanted in questions])
    batch_id = making.make(session, products, user_id=user_id, now=now)
    made = (
        select(Variant.id)
        .where(Variant.match_key == MatchQuestion.match_key, Variant.grade == MatchQuestion.grades[1], Variant.active)
        .limit(1)
        .correlate(MatchQuestion)
        .scalar_subquery()
    )
    session.execute(
        update(MatchQuestion)
        .where(MatchQuestion.id.in_([question_id for question_id, _, _ in questions]))
        .values(state="answered", batch_id=batch_id, answered_by=user_id, answered_at=now, variant_id=made)
    )
    for of in sorted({supplier for _, supplier, _ in questions}):
        follow(session, of, now=now)
    return batch_id, len(questions)


def undo_batch(session: Session, batch_id: int, *, now: datetime) -> Undone:
    """Take back what a bulk act made, as far as nothing has used it; its questions are open again."""
    suppliers = session.execute(
        update(MatchQuestion)
        .where(MatchQuestion.batch_id == batch_id, MatchQuestion.state == "answered")
        .values(state="open", variant_id=None, batch_id=None, answered_by=None, answered_at=None)
        .returning(MatchQuestion.supplier_id)
    ).scalars()
    undone = making.undo(session, batch_id, now=now)
    for supplier_id in sorted(set(suppliers)):
        follow(session, supplier_id, now=now)
    return undone


def follow(session: Session, supplier_id: int, *, now: datetime) -> None:
    """Let offers in force and files that wait be matched anew, once however many answers come before it is done.

    A request that no worker has taken yet is locked, so that none takes it before this transaction is visible.
    """
    if not _requested(session, f"supplier-{supplier_id}"):
        offers.put_regrade(session, supplier_id, now=now)
    for file_id in offers.compared_files(session, supplier_id):
        if not _requested(session, str(file_id)):
            offers.put(session, file_id, "check", now=now)
    offers.hide_comparison(session, supplier_id)


def _requested(session: Session, key: str) -> bool:
    waiting = session.execute(
        select(Message.id)
        .where(
            Message.flow == offers.FLOW, Message.key == key, Message.state == "pending", Message.lease_until.is_(None),
            Message.body["act"].astext.in_(("regrade", "check")),
        )
        .limit(1).with_for_update(skip_locked=True)
    )  # fmt: skip
    return waiting.scalar_one_or_none() is not None


def _open(session: Session, question_id: int) -> MatchQuestion:
    question = session.execute(
        select(MatchQuestion).where(MatchQuestion.id == question_id).with_for_update()
    ).scalar_one_or_none()
    if question is None or question.state == "answered":
        raise QuestionClosed(question_id)
    return question


def _item_of(question: MatchQuestion) -> tuple[ColumnElement[bool], ...]:
    return (
        SupplierItem.supplier_id == question.supplier_id, SupplierItem.item_number == question.item_number,
        SupplierItem.description_key == question.description_key,
    )  # fmt: skip


def _learn(session: Session, question: MatchQuestion, variants: Mapping[str, int | None], *, user_id: int | None,
           now: datetime) -> None:  # fmt: skip
    rows = [
        {
            "supplier_id": question.supplier_id, "item_number": question.item_number,
            "description_key": question.description_key, "grade": grade, "variant_id": variant_id, "method": "person",
            "seen": question.description.lower(), "learned_by": user_id, "learned_at": now,
        }
        for grade, variant_id in variants.items()
    ]  # fmt: skip
    statement = insert(SupplierItem)
    changed = ("variant_id", "method", "seen", "learned_by", "learned_at")
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["supplier_id", "item_number", "description_key", "grade"],
            set_={name: statement.excluded[name] for name in changed},
        ),
        rows,
    )


def _close(session: Session, question: MatchQuestion, variant_id: int | None, *, batch_id: int | None,
           user_id: int | None, now: datetime) -> None:  # fmt: skip
    question.state, question.variant_id, question.batch_id = "answered", variant_id, batch_id
    question.answered_by, question.answered_at = user_id, now
    session.flush()
    follow(session, question.supplier_id, now=now)
    audit.record(session, act="matching.answer", subject_kind="match_question", subject_id=str(question.id),
                 after={"supplier_id": question.supplier_id, "item_number": question.item_number,
                        "description": question.description, "variant_id": variant_id})  # fmt: skip


def _creatable(session: Session, supplier_id: int | None, kinds: Collection[str]) -> list[tuple[int, int, Wanted]]:
    """Open questions with a whole configuration: id, supplier and what they want."""
    statement = (
        select(MatchQuestion)
        .where(MatchQuestion.state == "open", MatchQuestion.reason.in_(CREATABLE))
        .where(MatchQuestion.facts["kind"].astext.in_(kinds))
        .order_by(MatchQuestion.id)
        .with_for_update()
    )
    if supplier_id is not None:
        statement = statement.where(MatchQuestion.supplier_id == supplier_id)
    return [
        (question.id, question.supplier_id, Wanted(question.facts or {}, question.grades, question.gtin, question.mpn))
        for question in session.execute(statement).scalars()
    ]


def tidy_facts(kind: str, values: Mapping[str, str]) -> dict[str, str]:
    """Facts as a person typed them, in our spelling: what `facts_as_text` would write."""
    typed = {name: " ".join(values.get(name, "").split()) for name in FACT_FIELDS}
    sizes = {name: typed[name] for name in ("storage", "memory") if typed[name]}
    if not all(part.isdecimal() for size in sizes.values() for part in size.split("+")):
        raise NotAConfiguration
    return facts_as_text(facts_from_text({"kind": kind, **{name: value for name, value in typed.items() if value}}))
