"""Which language a code or an environment asks for."""

import pytest

from backend.texts.languages import language_of, supported


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("en", "en"),
        ("en_GB.UTF-8", "en"),
        ("zh", "zh_CN"),
        ("zh_CN", "zh_CN"),
        ("zh_CN.GB18030", "zh_CN"),
        ("zh_CN.UTF-8@pinyin", "zh_CN"),
        ("zh_SG", "zh_CN"),
        ("zh-Hans", "zh_CN"),
        ("zh_TW.UTF-8", None),
        ("zh-Hant", None),
        ("zh_HK", None),
        ("de_DE", None),
        ("", None),
        ("C", None),
    ],
)
def test_codes(code: str, language: str | None) -> None:
    assert supported(code) == language


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh_CN"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "POSIX", "LANGUAGE": "zh_CN"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "de:zh_CN:en"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "en"}, "en"),
    ],
)
def test_environments(environ: dict[str, str], language: str) -> None:
    assert language_of(environ) == language
