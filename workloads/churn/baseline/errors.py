"""The one failure that the programs tell apart."""


class InputError(Exception):
    """What the container was given is wrong, and running it again can't help."""
