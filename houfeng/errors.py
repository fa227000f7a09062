"""Every error Houfeng raises on purpose.

::

    HoufengError
    ├── ConfigError           a configuration key, value or file is wrong
    ├── AccessError           an account, its password, role or token is not what it must be
    ├── SourceIdError         a network, station, location or channel code is not allowed
    ├── RecordError           bytes are not the miniSEED record they claim to be
    ├── AlertError            an alert cannot be acted on, or nobody could be told of it
    ├── InventoryError        station metadata cannot be used
    ├── RegistryError         an operator said something of a station that cannot be
    ├── CatalogueError        a catalogue of events cannot be read
    ├── ArchiveError          the archive cannot be read, written or trusted
    │   └── SyncError          a disk failed to store what was written: end, and start anew from what was saved
    ├── SourceError           a data source failed: connection, protocol, missing folder
    │   └── AuthError         the server refused our credentials; retried rarely
    ├── DetectionError        detection was asked for something impossible
    │   ├── AmplitudeError    a record tells nothing of a magnitude
    │   ├── ModelError        an Earth model cannot be used
    │   └── WindowError       an STA/LTA window or band does not fit the sampling rate
    ├── MotionError           recorded ground motion cannot be assessed
    ├── TaskError             what was asked for on the web page cannot be done
    ├── StatusError           the daemon cannot be asked how it is doing
    └── StoreError            the database refused, is too old, or is not ours
        └── StoreAwayError    the database does not answer now; trying again may help

A message says what was needed, what came, its unit, and which channel, file, key or host. The command line prints
it as one line, faults of a configuration as one line each, and exits with status 2.
"""

from __future__ import annotations


class HoufengError(Exception):
    """Root of every error that Houfeng raises on purpose."""


class ConfigError(HoufengError):
    """A configuration file, key or value is wrong; the message names the file and the key, a line for each fault."""


class AccessError(HoufengError):
    """An account, its password, role or token is not what it must be; no message has a secret in it."""


class SourceIdError(HoufengError):
    """A network, station, location or channel code is not allowed."""


class RecordError(HoufengError):
    """Bytes are not the miniSEED record they claim to be."""


class AlertError(HoufengError):
    """An alert cannot be acted on, or a message about it was not delivered."""


class InventoryError(HoufengError):
    """Station metadata cannot be used; the message names the document."""


class RegistryError(HoufengError):
    """An operator said something of a station that cannot be; the message names the station or the field."""


class CatalogueError(HoufengError):
    """A catalogue of events cannot be read; the message names file, line and column, a line for each fault."""


class ArchiveError(HoufengError):
    """The archive cannot be read, written or trusted; the message names the file."""


class SyncError(ArchiveError):
    """A disk failed to store what was written. Syncing again would succeed and store nothing: the process must end."""


class SourceError(HoufengError):
    """A data source failed; the message names the server or the folder."""


class AuthError(SourceError):
    """The server refused our credentials: trying again soon will not help."""


class DetectionError(HoufengError):
    """Detection was asked for something impossible."""


class AmplitudeError(DetectionError):
    """A record tells nothing of a magnitude; the message is one phrase that says why."""


class ModelError(DetectionError):
    """An Earth model cannot be used: unknown, or its layers make no sense."""


class WindowError(DetectionError):
    """An STA/LTA window or a band does not fit the sampling rate."""


class MotionError(HoufengError):
    """Recorded ground motion cannot be assessed; the message says what was needed."""


class TaskError(HoufengError):
    """What was asked for on the web page cannot be done; the message says why."""


class StatusError(HoufengError):
    """The daemon cannot be asked how it is doing; the message names the address."""


class StoreError(HoufengError):
    """The database refused, is too old, or is not ours."""


class StoreAwayError(StoreError):
    """The database does not answer now: it restarts, is out of reach, or another writer holds it."""
