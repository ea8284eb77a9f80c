"""Reading what bills call models, kinds of tokens, and tiers.

Every provider abbreviates in its own way: "gpt-4.1-2025-04-14, cached input" (OpenAI),
"USE1-Claude3.5Sonnet-input-tokens" (AWS), "gpt 4o 0806 Inp glbl" (Azure). A model is compared by a key in
which punctuation, the order of words, dates, and regions don't count, so the name in a request and the name
in a bill have the same one.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["find_kind", "find_tier", "make_model_key", "split_meter"]

# In this order: the first that is found decides.
_KINDS = (
    (r"web.?search|search (tool|request|unit|quer)|grounding", "web_search"),
    (r"code.?(execution|interpreter)|file.?search|container|storage|training|hosting|session", "other"),
    (r"cache.{0,3}(write|creation|wrt).*1.?h|1h.*cache.?(write|creation)|ephemeral_1h", "cache_write_1h"),
    (r"cache.{0,3}(write|creation|wrt)|(write|creation).*cache|ephemeral_5m", "cache_write"),
    (r"(?<!un)(?<!no[_ ])cach|\bcchd\b|\bcd\b", "cache_read"),
    (r"audio.*(out|completion)|(out|completion).*audio", "audio_output"),
    (r"audio.*(in|prompt)|(in|prompt).*audio", "audio_input"),
    (r"image.*out|out.*image", "image_output"),
    (r"out|\bopt\b|completion|reasoning|response|generat", "output"),
    (r"in(p|put)|\binp\b|prompt|embedd?", "input"),
)
_TIERS = ((r"batch", "batch"), (r"flex", "flex"), (r"priorit", "priority"))
# Where the name of the model ends in a meter: before a kind of tokens or a tier. "audio", "image", and "text"
# are in names of models, too, but there a hyphen stands in front of them.
_METER_END = re.compile(
    r"(?<=\w)([\s,_|-]+(cach\w*|cchd|cd|inp?(ut)?|out?p(ut)?|opt|outp|completions?|prompts?|batch|flex"
    r"|priority|tokens?|mantle)|[\s,|]+(audio|image|text|web.?search|embeddings?))\b.*$",
    re.IGNORECASE | re.DOTALL,
)
# A tier before or after the name of a model, where a comma ends the name.
_TIER_BESIDE = re.compile(
    r"^(batch|flex|priority)( api)?[: ]+(?=\w)|[ (]+(batch|flex|priority)( api)?\)?$", re.IGNORECASE
)
# A meter that is no more than a kind of tokens.
_NO_MODEL = re.compile(
    r"^(cach\w*|inp?(ut)?|out?p(ut)?|opt|completions?|prompts?|tokens?|text|audio|image|web.?search)"
    r"(?![\w-])",
    re.IGNORECASE,
)
_REGION = re.compile(r"^(us|eu|apac|global|jp|au|ca|sa|us-gov)\.")
_VENDOR = re.compile(
    r"^(anthropic|amazon|meta|google|cohere|mistral|ai21|deepseek|openai|qwen|stability|writer)[.]"
)
_DATE = re.compile(r"[-@ _]?(20\d{6}|20\d\d-\d\d-\d\d)(?!\d)|@latest\b|-latest\b")
_SHORT_DATE = re.compile(r"[-_ ](0\d|1[0-2])[0-3]\d(?![\dk])")
_REVISION = re.compile(r"[-_ ]v\d+(:\d+(:\d+k)?)?$")
# A letter run or a single digit, so that "3.5" and "35" have the same parts.
_PART = re.compile(r"[a-z]+|\d")
_NO_PARTS = frozenset(
    (
        "glbl",
        "global",
        "regnl",
        "regional",
        "data",
        "zone",
        "dz",
        "dzone",
        "std",
        "standard",
        "model",
        "edition",
    )
)


def find_kind(text: str) -> str:
    """Return the kind of tokens that a text of a bill is about, "other" if it doesn't say."""
    lowered = text.lower()
    return next((kind for pattern, kind in _KINDS if re.search(pattern, lowered)), "other")


def find_tier(text: str) -> str:
    """Return the tier that a text of a bill is about, empty for the standard one."""
    lowered = text.lower()
    return next((tier for pattern, tier in _TIERS if re.search(pattern, lowered)), "")


def split_meter(text: str) -> str:
    """Return the name of the model at the start of a meter or a line item, empty if there is none."""
    name, comma, _ = text.partition(",")
    name = _TIER_BESIDE.sub("", name) if comma else _METER_END.sub("", text)
    return "" if _NO_MODEL.match(name) else name.strip(" ,-_|")


@lru_cache(maxsize=4096)
def make_model_key(name: str) -> str:
    """Return a key that is the same for all names of a model: of a snapshot, of a region, of a cloud."""
    text = name.lower().rpartition("/")[2]
    text = _VENDOR.sub("", _REGION.sub("", text))
    text = _REVISION.sub("", _SHORT_DATE.sub("", _DATE.sub("", text)))
    return " ".join(sorted(part for part in _PART.findall(text) if part not in _NO_PARTS))
