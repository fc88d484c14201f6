"""The errors of the toolkit: what a person can mend, and what is our fault."""


class SuperproofError(Exception):
    """Base of every error that this package raises on purpose."""


class InputError(SuperproofError):
    """Something in the request that a person can mend.

    The message is one line that names the file or argument, the place in it and
    the mend; the command line prints it and exits with 2.
    """


def require_seed(seed: int) -> None:
    """Raises InputError for a seed below 0, which random generators do not take."""
    if seed < 0:
        raise InputError(f"the seed must be 0 or more, not {seed}")


class MissingExtraError(InputError):
    """An optional dependency is needed; the message names the extra to install."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package '{package}'; install it with: "
            f'pip install "superproof[{extra}]"'
        )
        self.package = package
        self.extra = extra


class ProofError(SuperproofError):
    """A proof step of a builder or checker did not go through.

    It says nothing about the opposite claim: a failed proof is not a refutation.
    """


class ReplayError(SuperproofError):
    """A counterexample did not violate the specification in exact arithmetic.

    This is an internal fault of an engine, never a verdict; the command line
    exits with 4.
    """


class ContradictionError(SuperproofError):
    """Two parts of the toolkit answered the same question differently.

    An internal fault, never a verdict; the command line exits with 4.
    """
