"""Everything that can go wrong on purpose, with the exit status each one means.

MallError                     1  a defect of ours
├── InputError                2  the source, an option, the disk or the memory is at fault; nothing is published
│   ├── GateError             2  the data were read but must not be published
│   ├── NotPublishedError     2  a reader asked for a warehouse that does not exist yet
│   ├── NotKeptError          2  a reader asked for a version that is not there any more
│   ├── DamagedError          2  the file of a version cannot be read
│   ├── WriteError            2  a file that a reader asked for cannot be written
│   ├── ReleaseError          2  a version lacks what is asked of it: another release published it
│   ├── StatementError        2  a statement that somebody wrote fails, or may not run (warehouse/statement_error.py)
│   └── StoppedError          2  somebody stopped a statement (warehouse/slots.py)
├── BusyError                 3  another refresh, rollback or erasure holds the lock, or other statements all slots
└── BuildError                1  a SQL file of ours failed; the message names it

A refresh ends with 0 when it has published, and only then; 130 means that it was interrupted.
"""

import sys

from warehouse.words import printable


class MallError(Exception):
    """Root of every error the product raises itself; `exit_status` is what a command returns for it."""

    exit_status = 1


class InputError(MallError):
    """The user's file, option or disk is at fault; the message says which, where and what to do."""

    exit_status = 2


class GateError(InputError):
    """The data were read, but a check says they must not be published."""


class NotPublishedError(InputError):
    """There is no published warehouse in the directory asked for."""


class NotKeptError(InputError):
    """The version asked for is not kept any more."""


class DamagedError(InputError):
    """The file of a published version is damaged."""


class ReleaseError(InputError):
    """A version has no such relation or column: another release of the product published it."""


class WriteError(InputError):
    """A file that was asked for cannot be written."""


class BusyError(MallError):
    """Others have what is asked for, and nothing of it is left now: the lock of a warehouse, or the slots of statements."""

    exit_status = 3


class BuildError(MallError):
    """A SQL file of the warehouse failed; the message names the file."""


def refuse(command: str, error: MallError) -> int:
    """End a command with an error: one line on stderr, whatever a value in it holds. Returns the exit status."""
    print(f"{command}:", printable(str(error)), file=sys.stderr)
    return error.exit_status
