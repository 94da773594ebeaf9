"""Image references in full, so that tags compare: ``app`` is ``docker.io/library/app:latest``.

Grammar and defaults are those of github.com/distribution/reference (``reference.go``, ``normalize.go``), which
Docker, containerd and podman share.
"""

import re

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
NAME_LIMIT_CHARS = 255

_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?", re.ASCII)
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*", re.ASCII)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_BARE_ID = re.compile(r"[a-f0-9]{64}", re.ASCII)


def full_reference(text: str) -> str:
    """Return the tag reference ``text`` as ``domain/path:tag``.

    Raises ValueError where it is none: bad characters, too long, a bare image ID, a reference by digest.
    """
    # Longer than any reference with a name within its limit: the patterns below never see more.
    if len(text) > NAME_LIMIT_CHARS + 129 or "@" in text or _BARE_ID.fullmatch(text):
        raise ValueError(text)
    domain, rest = _split_domain(text)
    path, colon, tag = rest.partition(":")
    if domain == DEFAULT_DOMAIN and "/" not in path:
        path = f"library/{path}"
    tag = tag if colon else DEFAULT_TAG
    if not (_DOMAIN.fullmatch(domain) and _PATH.fullmatch(path) and _TAG.fullmatch(tag)):
        raise ValueError(text)
    if len(domain) + 1 + len(path) > NAME_LIMIT_CHARS:
        raise ValueError(text)
    return f"{domain}/{path}:{tag}"


def _split_domain(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    is_domain = bool(slash) and ("." in first or ":" in first or first == "localhost" or first.lower() != first)
    if not is_domain:
        return DEFAULT_DOMAIN, text
    return (DEFAULT_DOMAIN if first == "index.docker.io" else first), rest
