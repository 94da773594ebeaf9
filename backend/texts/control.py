"""Texts of the control API: results of actions, and what is wrong with a request."""

from collections.abc import Mapping

from backend.texts.entry import Text

CONTROL: Mapping[str, Text] = {
    # --- results of actions ----------------------------------------------------------------------
    "job.cells": Text(
        "{verb}: {count} touched; {done} of {all} nodes done[; refused by {refused}][; out of reach: {unreachable}]"
        "[: {why}]"
    ),
    "job.files": Text(
        "{verb}: {count} found; {done} of {all} nodes done[; refused by {refused}][; out of reach: {unreachable}]"
    ),
    "job.withdrawn": Text("{verb}: {count} archives ended for the fleet[; refused by {refused}][: {why}]"),
    "job.nodes": Text("{verb}: {done} of {all} nodes done[; refused by {refused}][; out of reach: {unreachable}]"),
    "job.file-taken": Text("{name} is in the store of {node}; it is published once it has been quiet"),
    "job.file-published": Text(
        "{name} is published, its fingerprint is {fingerprint}[; it supersedes {superseded}]"
        "[; in the store it is called {stored}]"
    ),
    "job.file-known": Text(
        "{name} holds the bytes of {archive} ({fingerprint}), which the fleet knows already"
        "[; it supersedes {superseded}][; in the store it is called {stored}]"
    ),
    "job.file-looked-at": Text(
        "{name} is in the store of {node} and still being looked at; dsync-tui status tells what becomes of it"
    ),
    "upload-broken": Text("the upload of {name} broke off", "send it again: dsync-tui sync FILE"),
    # --- why nothing was to be done --------------------------------------------------------------
    "nothing.withdrawn": Text("{archive} is withdrawn; dropped in again it is published anew"),
    "nothing.superseded": Text(
        "{archive} is superseded by a newer file of that name; dropped in again it is published anew"
    ),
    "nothing.ended": Text("they are superseded or withdrawn; dropped in again they are published anew"),
    "nothing.sync": Text("there is no delivery to look at"),
    "nothing.retry": Text("nothing there waits, failed or was cancelled"),
    "nothing.cancel": Text("nothing there is under way"),
    "nothing.load": Text("no copy is stored there"),
    # --- what is wrong with a request ------------------------------------------------------------
    "usage.no-archives": Text("{verb} is about nodes, not archives"),
    "usage.rate": Text("{value} is no rate: expected {expected}"),
    "usage.argument": Text("{verb} does not know {value}: expected {expected}"),
    "usage.stop-elsewhere": Text("stop ends the daemon that is asked; for another node use --host ssh://user@node"),
    "usage.withdraw-what": Text("withdraw needs archives, and it is about the whole fleet: no node can be named"),
    "refused.no-delivery": Text("{archive} is not meant for {node}"),
}
