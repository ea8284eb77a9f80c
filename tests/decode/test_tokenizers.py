"""Tokenizers are loaded from the user's files, and each problem with them is warned about once."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import tokenizers

from payi_transport.decode.tokenizers import Tokenizers


def make(paths: dict[str, str]) -> Tokenizers:
    return Tokenizers(paths, logging.getLogger("payi.instrument"))


def test_tokens_are_counted_only_for_configured_models(words: str) -> None:
    counting = make({"gpt": words})
    assert "gpt" in counting and "other" not in counting
    assert counting.count("gpt", "one two three") == counting.count("gpt", "four five six") == 3
    assert counting.count("other", "one two three") is None


def test_tokens_that_a_tokenizer_adds_around_a_text_are_not_counted(tmp_path: Path) -> None:
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[CLS]": 0}, unk_token="[CLS]"))
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing("[CLS] $A", None, [("[CLS]", 0)])
    path = str(tmp_path / "special.json")
    tokenizer.save(path)
    assert make({"gpt": path}).count("gpt", "word") == 1


def test_a_file_that_is_not_a_tokenizer_is_warned_about_once_when_it_is_needed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    counting = make({"bad": str(bad)})
    assert not caplog.records
    assert counting.count("bad", "x") is counting.count("bad", "x") is None
    assert len(caplog.records) == 1
    assert f"for 'bad': its tokenizer_path {str(bad)!r} is not a tokenizer file" in caplog.text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere.json", "FileNotFoundError: No such file or directory"),
        ("", "IsADirectoryError: Is a directory"),
        ("a\0b", "ValueError: embedded null byte"),
        ("a" * 999, "OSError: File name too long"),
    ],
)
def test_a_file_that_cannot_be_read_is_warned_about_once_at_start(
    name: str, reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counting = make({"gpt": str(tmp_path / name)})
    assert "no tokens are counted for 'gpt': its tokenizer_path" in caplog.text
    assert f"can't be read ({reason})" in caplog.text
    assert counting.count("gpt", "x") is None
    assert len(caplog.records) == 1


@pytest.mark.parametrize("hide", ['sys.modules["tokenizers"] = None', "sys.meta_path.insert(0, Hide())"])
def test_without_the_package_one_warning_at_start_says_what_to_install(hide: str, words: str) -> None:
    script = f"""
        import logging, sys
        logging.basicConfig(level=logging.WARNING)
        from payi_transport.decode.tokenizers import Tokenizers
        class Hide:
            def find_spec(self, name, path=None, target=None):
                if name == "tokenizers":
                    raise ModuleNotFoundError(name)
        {hide}
        counting = Tokenizers({{"gpt": {words!r}, "other": {words!r}}}, logging.getLogger())
        assert counting.count("gpt", "x") is counting.count("other", "x") is None
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("WARNING") == 1
    assert (
        "payi_transport: no tokens are counted for 'gpt', 'other': a tokenizer_path needs the package"
        " tokenizers, which is not installed. Run pip install 'payi-transport[tokenizers]'\n"
    ) in ran.stderr
