"""What a person can mend in a question about the theory; this floor knows no other errors."""


class TheoryError(ValueError):
    """Something in the request that a person can mend; the message is one line that says how."""


class RegimeError(TheoryError):
    """A bound was asked about an instance for which it says nothing; the message names why."""


class LedgerError(TheoryError):
    """The ledger of claims is not as it must be; the message names the claim and the mend."""


class PictureError(TheoryError):
    """Nothing can be drawn with, where matplotlib is not installed."""
