"""Why a feed could not be fetched: a code that a sentence belongs to, and facts for it that hold no secret."""

from __future__ import annotations

from integrations.errors import IntegrationError


class FeedError(IntegrationError):
    """`code` says what is wrong; `passing`: it may be over by itself, so the same is worth trying again soon.

    Codes: address, host_unknown, unreachable, private_address, certificate, not_secure, redirects, password, forbidden,
    not_found, refused, busy, server_error, too_large, too_slow, empty, odd_answer, host_key_unknown, host_key_changed,
    key_unreadable, folder_missing, being_written, no_attachment.
    """

    def __init__(
        self, code: str, *, passing: bool = False, retry_after_s: float | None = None, **facts: object
    ) -> None:
        super().__init__(" ".join([code, *(f"{name}={value}" for name, value in facts.items())]))
        self.code = code
        self.passing = passing
        self.retry_after_s = retry_after_s
        self.facts = facts
