"""A tokenizer that tests can count with in their heads."""

from __future__ import annotations

from pathlib import Path

import pytest
import tokenizers


@pytest.fixture
def words(tmp_path: Path) -> str:
    """Return the path of a tokenizer file that counts words."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    path = tmp_path / "words.json"
    tokenizer.save(str(path))
    return str(path)
