"""Degrade an event that Pay-i refuses for a part of its context, so that what it counts is not lost with it.

What a code blames is replaced by a valid form, or left out; what it said stays in the event as a property,
`system.refused.<field>`. A refusal for an unknown reason costs the whole context, and then the properties.
Each step leaves less, so this ends.

Later events will have the same names, so a value that was refused is remembered, and those events are sent in
the valid form at once. After a while Pay-i is asked again: someone may have created what did not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from payi_transport.runtime.clock import monotonic
from payi_transport.sinks.payi_codes import CONTEXT_FIELDS, find_field
from payi_transport.sinks.payi_limit_kinds import ALLOW, BLOCK, LimitKinds
from payi_transport.sinks.payi_notices import Notices, show
from payi_transport.sinks.payi_ranges import Clock, keep_refused
from payi_transport.sinks.payi_usual_category import find_usual_categories
from payi_transport.values.accepted import NAME_RULES
from payi_transport.values.event import Event
from payi_transport.values.names import REFUSED_PREFIX, UNAPPLIED_LIMITS_PROPERTY, UNKNOWN_RESOURCE

__all__ = ["Refusals"]

# Seconds for which a refused value is not sent again.
_RETRY_REFUSED_AFTER = 600.0
_MAX_REMEMBERED = 10_000
# The fields that say which use case; without a name, the others mean nothing.
_USE_CASE: Final = tuple(name for name in CONTEXT_FIELDS if name.startswith("use_case_"))
_LISTS: Final = ("request_tags", "limit_ids")
# What is left out of an event that is refused with all else left out.
_LAST: Final = ("properties",)


class Refusals:
    """What Pay-i refused so far. Any thread may use it: two that race only send a value once more."""

    def __init__(
        self, kinds: LimitKinds, clock: Clock, notices: Notices, monotonic: Callable[[], float] = monotonic
    ) -> None:
        self._kinds = kinds
        self._clock = clock
        self._notices = notices
        self._monotonic = monotonic
        # Until when each value is not sent, by field and value.
        self._until: dict[tuple[str, object], float] = {}

    def prepare(self, event: Event) -> Event:
        """Return the event without the values that Pay-i refused lately."""
        if not self._until:
            return event
        for field in (*CONTEXT_FIELDS, "category", "resource"):
            value = getattr(event, field)
            # The next form may have been refused, too. Each is another one, and the last is None.
            while value is not None and (after := self._prepare_field(event, field, value)) is not event:
                event = after
                value = getattr(event, field)
        return event

    def _prepare_field(self, event: Event, field: str, value: Any) -> Event:
        if self._is_refused(field, value):
            return _change(event, field, self._find_next(event, field, value))
        if field in _LISTS:
            refused = {item for item in value if self._is_refused(field, item)}
            return self._change_items(event, field, refused) if refused else event
        return event

    def degrade(self, event: Event, code: str, to: list[str]) -> Event | None:
        """Return the refused event with less context, None if nothing is left that may be left out.

        A message about each value that is refused for the first time is added to `to`.
        """
        field = find_field(code)
        if field == "event_timestamp":
            return self._change_time(event, to)
        if field == "use_case_id" and event.use_case_id is None:
            field = "use_case_name"
        value = None if field is None else getattr(event, field)
        if field is None or value is None:
            return _leave_out(event, CONTEXT_FIELDS) or _leave_out(event, _LAST)
        if field in _LISTS:
            return self._degrade_list(event, field, code, to)
        self._remember(field, value)
        form = self._find_next(event, field, value, exists="not_found" not in code)
        # A category has to be there, and sometimes no other one is known.
        if form == value:
            return _leave_out(event, CONTEXT_FIELDS) or _leave_out(event, _LAST)
        self._warn(field, _to_text(value), form, code, to)
        return _change(event, field, form)

    def _find_next(self, event: Event, field: str, value: Any, *, exists: bool = True) -> Any:
        """Return what to send in place of a refused value: a valid form, or None to leave it out.

        Without `exists`, the name was valid, but Pay-i has nothing of that name.
        """
        if field == "category":
            usual = (name for name in find_usual_categories(event) if not self._is_refused(field, name))
            return next(usual, value)
        if field == "resource":
            return UNKNOWN_RESOURCE if value != UNKNOWN_RESOURCE else None
        rule = NAME_RULES.get(field)
        if rule is None or field in _LISTS or not exists:
            return None
        corrected = rule.correct(value)
        return corrected if corrected != value else None

    def _degrade_list(self, event: Event, field: str, code: str, to: list[str]) -> Event:
        """Leave out, or correct, the items that are to blame; all of them if that is unknown."""
        items = getattr(event, field)
        blamed = {item for item in items if self._is_invalid_item(field, item)}
        for item in blamed:
            self._remember(field, item)
            self._warn_of_item(field, item, code, to)
        if blamed:
            return self._change_items(event, field, blamed)
        self._remember(field, items)
        self._warn(field, ",".join(items), None, code, to)
        return _change(event, field, None)

    def _is_invalid_item(self, field: str, item: str) -> bool:
        if field == "limit_ids":
            return self._kinds.find(item) not in (ALLOW, None)
        return NAME_RULES[field].correct(item) != item

    def _change_items(self, event: Event, field: str, refused: set[str]) -> Event:
        """Return the event with some items of a list replaced, or left out where there is no valid form."""
        items = getattr(event, field)
        if field == "limit_ids":
            blocking = {item for item in refused if self._kinds.find(item) == BLOCK}
            event = _note_limits(event, [item for item in items if item in blocking])
            kept = tuple(item for item in items if item not in refused)
            return _change(event, field, kept or None, [item for item in items if item in refused - blocking])
        corrected = (NAME_RULES[field].correct(item) if item in refused else item for item in items)
        return _change(event, field, tuple(dict.fromkeys(corrected)), items)

    def _change_time(self, event: Event, to: list[str]) -> Event | None:
        moment = event.event_timestamp
        if moment is None:
            return _leave_out(event, CONTEXT_FIELDS) or _leave_out(event, _LAST)
        name = f"{REFUSED_PREFIX}event_timestamp"
        # Its time was changed before, so Pay-i gives it the time at which it arrives.
        again = name in (event.properties or {})
        text = (
            "Pay-i refused the time of an event, so such events get the time of their delivery; the original"
            f" is in the property {name}; check the clock of this machine"
        )
        self._notices.add(to, "event_timestamp", "", text)
        return keep_refused(
            event,
            {"event_timestamp": None if again else self._clock.now()},
            {"event_timestamp": moment.isoformat()},
        )

    def _is_refused(self, field: str, value: object) -> bool:
        until = self._until.get((field, _to_key(value)))
        return until is not None and self._monotonic() < until

    def _remember(self, field: str, value: object) -> None:
        self._until[field, _to_key(value)] = self._monotonic() + _RETRY_REFUSED_AFTER
        while len(self._until) > _MAX_REMEMBERED:
            self._until.pop(next(iter(self._until.copy())), None)

    def _warn_of_item(self, field: str, item: str, code: str, to: list[str]) -> None:
        if field != "limit_ids":
            self._warn(field, item, NAME_RULES[field].correct(item), code, to)
        elif self._kinds.find(item) != BLOCK:
            self._warn(field, item, None, code, to)
        else:
            text = (
                f"the limit {show(item)} blocks, and such a limit works with proxy=True only, so events are"
                f" reported without it; its id is in the property {UNAPPLIED_LIMITS_PROPERTY}"
            )
            self._notices.add(to, field, item, text)

    def _warn(self, field: str, value: str, form: object, code: str, to: list[str]) -> None:
        rule = NAME_RULES.get(field)
        why = f"{code}: Pay-i accepts {rule.text} here" if rule is not None else code
        sent = "without it" if form is None else f"with {show(str(form))} instead"
        text = (
            f"Pay-i refused the {field} {show(value)} ({why}), so events are sent {sent}; what they said is"
            f" in the property {REFUSED_PREFIX}{field}"
        )
        self._notices.add(to, field, value, text)


def _change(event: Event, field: str, value: Any, refused: Any = None) -> Event:
    """Return the event with another value of a field, and the value it has, or `refused`, as a property."""
    before = getattr(event, field)
    if value == before:
        return event
    changed: dict[str, Any] = {field: value}
    # Without its name, nothing of the use case can be reported.
    if field == "use_case_name" and value is None:
        changed = dict.fromkeys(_USE_CASE)
    original = {name: _to_text(getattr(event, name)) for name in changed if getattr(event, name) is not None}
    if refused is not None:
        original = {field: _to_text(refused)} if refused else {}
    return keep_refused(event, changed, original)


def _note_limits(event: Event, limit_ids: list[str]) -> Event:
    if not limit_ids:
        return event
    properties = dict(event.properties or {})
    before = properties.get(UNAPPLIED_LIMITS_PROPERTY)
    properties[UNAPPLIED_LIMITS_PROPERTY] = ",".join([*([before] if before else []), *limit_ids])
    return msgspec.structs.replace(event, properties=properties)


def _leave_out(event: Event, fields: tuple[str, ...]) -> Event | None:
    """Return the event without some fields, None if it has none of them."""
    original = {name: _to_text(getattr(event, name)) for name in fields if getattr(event, name) is not None}
    if not original:
        return None
    changed = dict.fromkeys(fields)
    if fields == _LAST:
        return msgspec.structs.replace(event, **changed)
    return keep_refused(event, changed, original)


def _to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return ",".join(value) if isinstance(value, tuple | list) else msgspec.json.encode(value).decode()


def _to_key(value: Any) -> object:
    # Properties of a use case are a dict, which cannot be a key itself.
    return _to_text(value) if isinstance(value, dict) else value
