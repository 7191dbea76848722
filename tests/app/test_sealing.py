"""What is sealed says nothing without the key, and follows a change of SECRET_KEY."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from app.sealing import SealBroken, is_current, seal, unseal
from app.settings import Settings

SECRET = "g€heim"


def with_keys(settings: Settings, key: str, *before: str) -> Settings:
    return settings.model_copy(
        update={"secret_key": SecretStr(key * 32), "secret_keys_before": [SecretStr(one * 32) for one in before]}
    )


def test_only_the_key_opens_what_was_sealed(settings: Settings) -> None:
    sealed = seal(SECRET, settings)

    assert unseal(sealed, settings) == SECRET
    assert SECRET not in sealed
    assert seal(SECRET, settings) != sealed  # Equal secrets do not look equal.
    with pytest.raises(SealBroken):
        unseal(sealed, with_keys(settings, "b"))
    with pytest.raises(SealBroken):
        unseal(sealed[:-8] + "AAAAAAA=", settings)


def test_an_earlier_key_still_opens_and_is_told_from_the_current_one(settings: Settings) -> None:
    old = with_keys(settings, "a")
    new = with_keys(settings, "b", "a")
    sealed = seal(SECRET, old)

    assert unseal(sealed, new) == SECRET
    assert (is_current(sealed, old), is_current(sealed, new)) == (True, False)
    assert is_current(seal(unseal(sealed, new), new), new)
