"""Which passwords are taken, and how they are kept."""

from __future__ import annotations

import pytest
from flask import Flask

from app.auth.passwords import WeakPassword, check_strength, hash_password, outdated, verify


@pytest.mark.parametrize(
    "password",
    ["", "short", "elevenchars", "password1234", "Password!2345", "WELKOM01.......", "administrator12", "aaaaaaaaaaaaa",
     "121212121212", "anna.jansen rides", "Jansen likes tea", "iUsed is the best", "x" * 129],
)  # fmt: skip
def test_a_weak_password_is_refused_in_a_sentence(app: Flask, password: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        check_strength(password, email="anna.jansen@example.com", name="Anna Jansen")

    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "twelve chars",
        "x" * 125 + "yzq",
        "ąęśćżźńłóĄĘŚ",
        "🐴🔋📎 is all okay",
        "pass word words",
    ],
)
def test_length_is_what_counts_and_any_character_may_be_in_it(app: Flask, password: str) -> None:
    check_strength(password, email="anna.jansen@example.com", name="Anna Jansen")


def test_a_password_is_kept_as_argon2id_with_its_own_salt() -> None:
    first, second = hash_password("correct horse"), hash_password("correct horse")

    assert first != second
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify(first, "correct horse")
    assert not verify(first, "Correct horse")
    assert not outdated(first)


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$broken", None])
def test_what_is_no_hash_is_never_right(stored: str | None) -> None:
    assert not verify(stored, "nobody has this password")
