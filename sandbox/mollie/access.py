"""Who calls: a profile with a key of one mode, or the organisation with its token."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug import Request

from sandbox.mollie.errors import MollieError, forbidden, invalid
from sandbox.mollie.identity import MODES, ORGANISATION_TOKEN, PROFILES, Mode, Profile, profile_of
from sandbox.mollie.reading import Given, missing
from sandbox.storage import Doc


@dataclass(frozen=True, slots=True)
class Caller:
    """A credential, and the mode that it means in this call. `profile` is None for the organisation."""

    credential: str
    profile: Profile | None
    mode: Mode

    @property
    def own_fields(self) -> frozenset[str]:
        """Body fields by which the organisation chooses; a key must not send them."""
        return frozenset() if self.profile else frozenset({"testmode", "profileId"})

    def sees(self, doc: Doc) -> bool:
        """Whether a thing is of the caller's mode and profile."""
        return doc["mode"] == self.mode and (self.profile is None or doc.get("profileId") == self.profile.id)

    def profile_to_create(self, given: Given) -> Profile:
        """The key's, or the one that the organisation names."""
        if self.profile is not None:
            return self.profile
        named = given.text("profileId")
        if named is None:
            raise missing("profileId")
        profile = profile_of(named)
        if profile is None:
            raise invalid("profileId", "The profile ID is invalid")
        return profile

    def must_be_organisation(self) -> None:
        """Raises MollieError 403 for a key."""
        if self.profile is not None:
            raise forbidden()


_KEYS = {profile.key(mode): (profile, mode) for profile in PROFILES for mode in MODES}


def credential_of(request: Request) -> str:
    """The key or token of a request. Raises MollieError 401."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or (token not in _KEYS and token != ORGANISATION_TOKEN):
        raise MollieError(401, "Missing authentication, or failed to authenticate", WWW_Authenticate="Bearer")
    return token


def caller_of(request: Request, credential: str, given: Given) -> Caller:
    """Whoever sends the request, in the mode that it means.

    The organisation says the mode in the query of a GET and of a refund that is canceled, else in the body.
    """
    if credential in _KEYS:
        return Caller(credential, *_KEYS[credential])
    if request.method == "GET" or (request.method == "DELETE" and "/refunds/" in request.path):
        text = request.args.get("testmode", "false")
        if text not in ("true", "false"):
            raise MollieError(400, "The 'testmode' parameter should be true or false", "testmode")
        return Caller(credential, None, "test" if text == "true" else "live")
    return Caller(credential, None, "test" if given.flag("testmode") else "live")
