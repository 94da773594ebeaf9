"""What all tests share: real parts are skipped by name here and demanded in CI."""

import functools
import signal

import pytest
from hypothesis import settings

from tests.parts import MISSING, demanded, missing

# No deadline: the machine may be busy, and a slow example is no wrong one. CI tries the same examples again and again,
# so that a red run tells of the change; whoever runs the tests elsewhere looks further each time.
settings.register_profile("dsync", deadline=None, print_blob=True, derandomize=demanded())
settings.load_profile("dsync")

pytest_plugins = ("tests.support.runtimes",)

_cached_missing = functools.cache(missing)


def pytest_configure() -> None:
    """Let programs that tests start hear of Ctrl-C, also where this run was put into a shell's background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose ``real(...)`` marker names a part that can't be had; in CI fail it."""
    for marker in item.iter_markers("real"):
        for part in marker.args:
            reason = _cached_missing(part)
            if reason is None:
                continue
            if demanded():
                pytest.fail(f"{MISSING}{part}: {reason}", pytrace=False)
            pytest.skip(f"{MISSING}{part}: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a test of real parts that was skipped, for whatever reason, fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not demanded() or reporter is None:
        return
    skipped = [report for report in reporter.stats.get("skipped", []) if _is_of_real_parts(report)]
    if not skipped:
        return
    for report in skipped:
        reporter.write_line(f"CI may not skip {report.nodeid}: {report.longrepr}", red=True)
    session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _is_of_real_parts(report: pytest.TestReport) -> bool:
    return bool({"real", "fleet"} & set(report.keywords)) or MISSING in str(report.longrepr)
