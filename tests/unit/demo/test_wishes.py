"""Which means are tried for a wish, in which order, and why others are not."""

import pytest

from backend.demo.wishes import MOST_DOCKERDS, Means, Wish, given_by, ways


def test_as_root_the_nodes_own_runtimes_come_first() -> None:
    assert ways(Wish(3), as_root=True) == ([Means.PODMAN, Means.DOCKERD, Means.DOCKER, Means.NONE], [])


def test_without_root_there_is_only_the_machines_docker() -> None:
    tried, without = ways(Wish(3), as_root=False)
    assert tried == [Means.DOCKER, Means.NONE]
    assert without == [(Means.PODMAN, "demo.why.not-root"), (Means.DOCKERD, "demo.why.not-root")]


def test_files_do_not_get_into_a_docker_that_was_not_offered() -> None:
    tried, without = ways(Wish(3, files=True), as_root=False)
    assert tried == [Means.NONE]
    assert (Means.DOCKER, "demo.why.files") in without


def test_a_docker_that_was_given_takes_files_too() -> None:
    wish = Wish(3, kind="docker", command=("docker", "--host", "tcp://x"), files=True)
    assert ways(wish, as_root=True) == ([Means.GIVEN], [])
    assert ways(wish, as_root=False) == ([Means.GIVEN], [])


def test_too_many_nodes_for_a_dockerd_each() -> None:
    tried, without = ways(Wish(MOST_DOCKERDS + 1), as_root=True)
    assert Means.DOCKERD not in tried
    assert (Means.DOCKERD, "demo.why.many") in without


@pytest.mark.parametrize("means", [means for means in Means if means is not Means.GIVEN])
def test_what_was_asked_for_is_tried_alone(means: Means) -> None:
    assert ways(Wish(3, means=means, kind="docker"), as_root=True) == ([means], [])


def test_settings_may_say_none() -> None:
    assert ways(Wish(3, kind="none"), as_root=True) == ([Means.NONE], [])


def test_an_empty_docker_host_names_nothing() -> None:
    assert given_by({"DOCKER_HOST": ""}) == ("", ())
    assert given_by({}) == ("", ())
