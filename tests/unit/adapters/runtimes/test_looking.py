"""What a client's answer to many names means. The client is a tiny script that answers as it is told."""

import json
import stat
import sys
from pathlib import Path

import pytest

from backend.adapters.children import ChildRegister
from backend.adapters.runtimes import client
from backend.adapters.runtimes.docker import DockerRuntime
from backend.model.archive import Image
from backend.model.errors import RuntimeSickError
from backend.ports.runtime import Question

IMAGES = [Image(f"sha256:{number:064x}", (f"sha256:layer{number}",)) for number in range(100)]

# Knows the first image. ``tells``: of how many of the other names it complains, and in how many bytes each.
SCRIPT = """#!{python} -ES
import json, sys
names = sys.argv[sys.argv.index("--") + 1:]
with open({log!r}, "a") as log: print(len(names), file=log)
print(json.dumps([{there} for name in names if name == {name!r}]))
absent = [name for name in names if name != {name!r}]
for name in absent[:{tells}]:
    print("Error response from daemon: No such image: " + name + "." * {padding}, file=sys.stderr)
sys.exit(1 if absent else 0)
"""


class Bench:
    """A docker that is a script."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log = directory / "calls"

    def runtime(self, tells: int = 1000, padding: int = 0) -> DockerRuntime:
        there = {"Id": IMAGES[0].config, "RepoTags": ["app:1"], "RootFS": {"Layers": list(IMAGES[0].diff_ids)}}
        path = self._directory / "docker"
        path.write_text(
            SCRIPT.format(
                python=sys.executable,
                log=str(self._log),
                there=json.dumps(there),
                name=IMAGES[0].config,
                tells=tells,
                padding=padding,
            )
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return DockerRuntime(ChildRegister(self._directory / "run"), (str(path),))

    @property
    def calls(self) -> list[int]:
        """How many names each call had."""
        return [int(line) for line in self._log.read_text().splitlines()]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_many_questions_go_into_few_calls(bench: Bench) -> None:
    questions = [Question([image], [f"docker.io/library/app:{image.config[-2:]}"]) for image in IMAGES * 5]
    views = await bench.runtime().look_at_all(questions)
    assert [bool(view.present) for view in views] == [image is IMAGES[0] for image in IMAGES * 5]
    assert bench.calls == [200] * 5


async def test_a_question_stays_in_one_call_if_it_fits(bench: Bench) -> None:
    questions = [Question(IMAGES[:90], ()), Question(IMAGES[:90], ()), Question(IMAGES, ["app:1", "app:2"])]
    views = await bench.runtime().look_at_all(questions)
    assert [len(view.present) for view in views] == [1, 1, 1]
    assert bench.calls == [90, 102]


async def test_complaints_of_many_names_are_read_to_the_end(bench: Bench) -> None:
    """Cut off in front they passed for something else, or hid what the client really complained of."""
    view = await bench.runtime(padding=500).look(IMAGES, ())
    assert list(view.present) == [IMAGES[0].config]


async def test_a_name_of_which_the_client_says_nothing_is_not_taken_for_absent(bench: Bench) -> None:
    with pytest.raises(RuntimeSickError, match="1 of 100 names"):
        await bench.runtime(tells=98).look(IMAGES, ())
    assert len((await bench.runtime(tells=99).look(IMAGES, ())).present) == 1


async def test_complaints_without_end_are_no_answer(bench: Bench) -> None:
    padding = client.COMPLAINTS_LIMIT_BYTES // 50
    with pytest.raises(RuntimeSickError, match="bytes of complaints"):
        await bench.runtime(padding=padding).look(IMAGES, ())
