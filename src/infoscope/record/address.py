"""The text of a place: which module, which of its outputs, and by what rules it becomes rows.

``MODULE[#CALL][:ELEMENT][@RULE[@RULE …]]``

- ``MODULE``: the dotted name as ``named_modules()`` gives it; ``output`` is the whole network, unless a submodule has
  that name. ``#2`` is the second call of a module that is called several times in one forward.
- ``ELEMENT``: a dotted way into what the module returns: numbers into tuples and lists, names into mappings and fields
  (``lstm:1.0``, ``output:hidden_states.3``). ``input`` first: what the module is *given*, its first argument unless a
  number or a name follows (``transformer.h.3:input`` is the residual stream before the block). ``head.2`` last: the
  share of one attention head in the last axis (``attn.c_proj:input.head.2``). Without it: the tensor that is returned,
  of several the first that is no single number.
- ``RULE``: one of ``record/rules``; ``samples`` where none is named.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Container
from dataclasses import dataclass, replace

from infoscope.core import grammar, registry
from infoscope.core.errors import InputError
from infoscope.record.rule import STAGES, Rule, Stage
from infoscope.record.rules.samples import Samples

INPUT, HEAD = "input", "head"
_CALL = re.compile(r"#([1-9][0-9]*)$")


@dataclass(frozen=True)
class Address:
    """A place, read. call: from 1 on; 0 where the module's only one is meant."""

    module: str
    call: int = 0
    element: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()

    @classmethod
    def parse(cls, text: str, modules: Container[str] = ()) -> Address:
        """From its text; ``modules``: names that are known, which may hold any sign.

        Raises
        ------
        InputError: a rule with unusable options, or two that say which rows there are. UnknownNameError: no such rule.
        """
        if text in modules:
            return cls(text)
        head, *rules = text.split("@")
        module, element = head, ""
        for colon in (i for i in range(len(head) - 1, 0, -1) if head[i] == ":"):
            module, element = head[:colon], head[colon + 1 :]
            if _without_call(module) in modules:
                break
        if head in modules or _without_call(head) in modules:
            module, element = head, ""
        call = _CALL.search(module)
        if module in modules or call is None:
            number = 0
        else:
            module, number = _without_call(module), int(call[1])
        if head != module and not element and head.endswith(":"):
            raise InputError(
                f"the place {text!r} ends its element with nothing: name one after the colon, or leave it out"
            )
        found = cls(module, number, tuple(element.split(".")) if element else (), tuple(map(rule, rules)))
        stages = [each.stage for each in found.rules]
        if stages.count("rows") > 1:
            raise InputError(f"the place {text!r} says twice which rows it has: name one of these rules")
        if stages != sorted(stages, key=STAGES.index):
            raise InputError(
                f"the rules of {text!r} stand in another order than they work in, wanted those that turn axes first "
                "and those that change columns last, as in 'lstm@time_first@last@sketch(64)'"
            )
        return found

    @property
    def plain(self) -> str:
        """Module and call alone."""
        return f"{self.module}#{self.call}" if self.call else self.module

    def __str__(self) -> str:
        element = f":{'.'.join(self.element)}" if self.element else ""
        return self.plain + element + "".join(f"@{each.spelled}" for each in self.rules)

    @property
    def of_input(self) -> bool:
        """Whether what the module is given is read."""
        return self.element[:1] == (INPUT,)

    def meant(self, module: str, call: int, of_input: bool) -> bool:
        """Whether this is read at that call of that module, of what it is given or else of what it returns."""
        return self.module == module and self.call in (0, call) and self.of_input == of_input

    @property
    def way(self) -> tuple[str, ...]:
        """The way into what is returned or given, without ``input`` and ``head``."""
        way = self.element[1:] if self.of_input else self.element
        return way[:-2] if self.head is not None else way

    @property
    def head(self) -> str | None:
        """Which attention head; None for all of the axis."""
        return self.element[-1] if self.element[-2:-1] == (HEAD,) else None

    def of_stage(self, stage: Stage) -> list[Rule]:
        """Those of the rules that say the axes, the rows or the columns."""
        return [each for each in self.rules if each.stage == stage]

    @property
    def rule(self) -> Rule:
        """The one that says what rows there are."""
        return next(iter(self.of_stage("rows")), Samples())

    def called(self, plain: str, element: tuple[str, ...]) -> Address:
        """The same of one module and call, with an element that is said in full."""
        call = _CALL.search(plain)
        return replace(self, module=_without_call(plain), call=int(call[1]) if call else 0, element=element)


def _without_call(text: str) -> str:
    return _CALL.sub("", text)


def rule(text: str) -> Rule:
    """The row rule that stands behind an ``@``: ``"at(3,-1)"``; the first option needs no name.

    Raises
    ------
    UnknownNameError: no such rule or option. InputError: an option that cannot be used.
    """
    name, opened, inside = text.strip().partition("(")
    if opened and inside.endswith(")") and not re.match(r"\s*\w+\s*=", inside):
        first = dataclasses.fields(registry.load("rules", name))[:1]
        if not first:
            raise InputError(f"the row rule {name!r} takes no options, {text!r} arrived: write @{name}")
        text = f"{name}({first[0].name}={inside}"
    return grammar.make("rules", text)
