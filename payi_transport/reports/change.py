"""Split the change of cost between two periods into its parts: volume, model mix, prompts, caching, …

The cost of a period is a product: calls times the share of each model, times tokens a call, times prices. The
parts are found by replacing one factor of the earlier period after the other with that of the later, in the
order of `PARTS`. The difference that each replacement makes is its part, so the parts add up to the change
exactly. The cost of retried calls is apart, as it is no factor of the others.

Arithmetic is in fractions, because tokens a call are divisions that end nowhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from payi_transport.reports.bills.names import make_model_key
from payi_transport.reports.priced_calls import PricedCall
from payi_transport.reports.reconcile_cells import find_unit_kind
from payi_transport.values.names import RETRY_PROPERTY

__all__ = ["PARTS", "Change", "PeriodSums", "explain_change"]

PARTS = {
    "volume": "more or fewer calls",
    "model mix": "other models",
    "prompt size": "longer or shorter prompts",
    "cache rate": "more or less of the prompts cached",
    "response size": "longer or shorter responses",
    "other units": "searches, images, audio, …",
    "price": "other prices",
    "retries": "calls that were repeated",
}
_INPUT = ("input", "cache_read", "cache_write", "cache_write_1h")


class _Model(NamedTuple):
    """A model's calls, its counts a call, and its prices. Of `prompt`, each kind of input has a share."""

    calls: Fraction
    prompt: Fraction
    caching: Mapping[str, Fraction]
    response: Fraction
    others: Mapping[str, Fraction]
    prices: Mapping[str, Fraction]


class PeriodSums:
    """The calls of a period. Calls without a price count as free, and `unpriced` says how many there were."""

    def __init__(self, calls: Iterable[PricedCall]) -> None:
        self.calls = self.unpriced = 0
        self.retried = Fraction(0)
        self.cost = Fraction(0)
        self._calls: defaultdict[str, int] = defaultdict(int)
        self._counts: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._costs: defaultdict[str, defaultdict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        for call in calls:
            self._add(call)

    def _add(self, call: PricedCall) -> None:
        self.calls += 1
        self.unpriced += call.estimate.status in ("unpriced", "partial")
        costs = [(line, Fraction(line.amount or 0)) for line in call.estimate.lines]
        self.cost += sum((cost for _, cost in costs), Fraction(0))
        if (call.event.properties or {}).get(RETRY_PROPERTY) not in (None, "", "0"):
            self.retried += sum((cost for _, cost in costs), Fraction(0))
            return
        model = make_model_key(call.event.resource or "")
        self._calls[model] += 1
        for line, cost in costs:
            kind = find_unit_kind(line.unit, line.direction)
            self._counts[model][kind] += line.count
            self._costs[model][kind] += cost

    def list_models(self) -> dict[str, _Model]:
        """Return the factors of each model's cost."""
        return {model: self._make_model(model, calls) for model, calls in self._calls.items()}

    def _make_model(self, model: str, calls: int) -> _Model:
        counts, costs = self._counts[model], self._costs[model]
        prompt = sum(counts[kind] for kind in _INPUT if kind in counts)
        return _Model(
            Fraction(calls),
            Fraction(prompt, calls),
            {kind: Fraction(counts[kind], prompt) for kind in _INPUT if prompt and kind in counts},
            Fraction(counts.get("output", 0), calls),
            {kind: Fraction(n, calls) for kind, n in counts.items() if kind not in (*_INPUT, "output")},
            {kind: costs[kind] / n for kind, n in counts.items() if n},
        )


class Change(NamedTuple):
    """The costs of two periods, and the parts of their difference by the names in `PARTS`. US dollars."""

    before: Fraction
    after: Fraction
    parts: Mapping[str, Fraction]


def explain_change(before: PeriodSums, after: PeriodSums) -> Change:
    """Return the change from one period to another, by its parts."""
    old, new = before.list_models(), after.list_models()
    # A model of one period only has the same factors in the other, and no calls there: it is part of the mix.
    current = {name: old.get(name) or new[name]._replace(calls=Fraction(0)) for name in {*old, *new}}
    target = {name: new.get(name) or old[name]._replace(calls=Fraction(0)) for name in current}
    parts: dict[str, Fraction] = {}
    cost = _add_cost(current)
    for part, replaced in _replace_each(current, target):
        changed = _add_cost(replaced)
        parts[part] = changed - cost
        cost = changed
    parts["retries"] = after.retried - before.retried
    return Change(before.cost, after.cost, parts)


def _replace_each(
    current: dict[str, _Model], target: dict[str, _Model]
) -> Iterable[tuple[str, dict[str, _Model]]]:
    """Yield the models after each replacement, the last of which makes them those of the target."""
    old_calls = sum((model.calls for model in current.values()), Fraction(0))
    new_calls = sum((model.calls for model in target.values()), Fraction(0))
    if old_calls:
        growth = new_calls / old_calls
        models = {name: model._replace(calls=model.calls * growth) for name, model in current.items()}
    else:
        # Nothing grew: everything is new.
        models = {name: model._replace(calls=target[name].calls) for name, model in current.items()}
    yield "volume", models
    # A kind that a model has in one period only needs a price in the other.
    models = {
        name: model._replace(prices={**target[name].prices, **model.prices}) for name, model in models.items()
    }
    for part, field in (
        ("model mix", "calls"),
        ("prompt size", "prompt"),
        ("cache rate", "caching"),
        ("response size", "response"),
        ("other units", "others"),
        ("price", "prices"),
    ):
        models = {
            name: model._replace(**{field: getattr(target[name], field)}) for name, model in models.items()
        }
        yield part, models


def _add_cost(models: Mapping[str, _Model]) -> Fraction:
    return sum((model.calls * _find_cost_of_call(model) for model in models.values()), Fraction(0))


def _find_cost_of_call(model: _Model) -> Fraction:
    counts = {kind: model.prompt * share for kind, share in model.caching.items()}
    counts.update(model.others)
    counts["output"] = model.response
    return sum((count * model.prices.get(kind, Fraction(0)) for kind, count in counts.items()), Fraction(0))
