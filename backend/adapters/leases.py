"""Asking the kernel whether a writer has a file open: by a read lease that is given back at once (fcntl(2)).

A lease is refused while any process has the file open for writing: that catches a paused copy, which the quiet of a
few seconds does not. Leases are for local file systems, and for a file's owner or CAP_LEASE.
"""

import errno
import fcntl
import signal
import threading

_BUSY = frozenset({errno.EAGAIN, errno.EBUSY})


def ignore_lease_signal() -> None:
    """Let the process survive the signal for a broken lease, SIGIO, whose default is to kill (tried).

    Only the main thread may set a signal's disposition; elsewhere ``read_lease_granted``'s own choice of signal holds.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGIO, signal.SIG_IGN)


def read_lease_granted(descriptor: int) -> bool | None:
    """Tell whether nobody has the file open for writing; None where leases are not to be had.

    ``descriptor`` must be open for reading only. A writer who comes in the instant between waits for no more than that.
    """
    try:
        # A signal that is ignored by default. SIGIO is sent all the same when the queue of signals is full.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return False if error.errno in _BUSY else None
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError:
        pass  # the kernel took it back; closing the descriptor ends it in any case
    return True
