"""Components chosen by ``_target_``: their base class, and how they are imported, checked and constructed.

A target is imported plainly, so an error inside a user's own module is shown as it is. Arguments are checked by pydantic
against the constructor's annotations: unknown names, wrong types and missing values are reported one per line.
"""

import importlib
import inspect
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_type_hints

from pydantic import ConfigDict, ValidationError, create_model

from thoughtrank.errors import UserError
from thoughtrank.output.redaction import holds_secret
from thoughtrank.user_input.value_faults import number_faults, type_faults

_OPTIMIZERS = "thoughtrank.finetuning.optimizers"
_MOVED = {
    f"{_OPTIMIZERS}.Adafactor": f"{_OPTIMIZERS}.adafactor.Adafactor",
    f"{_OPTIMIZERS}.AdamW": f"{_OPTIMIZERS}.adamw.AdamW",
    f"{_OPTIMIZERS}.AdamW8bit": f"{_OPTIMIZERS}.adamw_8bit.AdamW8bit",
    f"{_OPTIMIZERS}.DeepSpeedCPUAdam": f"{_OPTIMIZERS}.deepspeed_cpu_adam.DeepSpeedCPUAdam",
    f"{_OPTIMIZERS}.Muon": f"{_OPTIMIZERS}.muon.Muon",
    "thoughtrank.judging.openai_compatible": "thoughtrank.judging.openai.judge",
    "thoughtrank.questions.word_problems.WordProblems": "thoughtrank.questions.word_problems.source.WordProblems",
    "thoughtrank.selection.Best": "thoughtrank.selection.top_k.Best",
    "thoughtrank.selection.TopK": "thoughtrank.selection.top_k.TopK",
    "thoughtrank.report.loggers.NoLogger": "thoughtrank.report.loggers.Loggers",
    "thoughtrank.report.loggers.WandbLogger": "thoughtrank.report.wandb_logger.WandbLogger",
    "thoughtrank.tracking.NoLogger": "thoughtrank.report.loggers.Loggers",
    "thoughtrank.tracking.WandbLogger": "thoughtrank.report.wandb_logger.WandbLogger",
    "thoughtrank.tracking": "thoughtrank.report.loggers",
}
"""Former to present names of targets and their modules, for the configs of older runs and of users."""


class Component:
    """Base class of everything a config group can name by ``_target_``.

    A subclass keeps each constructor argument in an attribute of the same name, and overrides the defaults here where needed.

    Attributes:
        version: part of ``identity``; raise it when the same settings give other results.
        operational: constructor arguments that cannot change results, such as timeouts, keys and addresses. They may differ
            between attempts at one run, and are part of neither the run's name nor any fingerprint.
    """

    version: ClassVar[int] = 1
    operational: ClassVar[frozenset[str]] = frozenset()

    def faults(self) -> list[str]:
        """What the user has to fix before the run can start, one sentence each; cheap, without network access."""
        return []

    def resolved(self) -> dict[str, str | int]:
        """The settings that depend on the machine where they are ``auto``, by name, with what they resolve to here.

        A run stores them when it starts, and gives them to the constructor in place of ``auto`` when it resumes.
        """
        return {}

    def identity(self) -> dict[str, object]:
        """Class, version and every setting that is neither operational nor a secret, ready for JSON: what fingerprints are
        made of.

        Settings whose value depends on the machine (``auto``) are replaced by what they resolve to.
        """
        parameters = inspect.signature(type(self)).parameters
        names = [name for name in parameters if name not in self.operational and not holds_secret(name)]
        return {
            "component": type(self).__name__,
            "version": self.version,
            **{name: _plain(getattr(self, name)) for name in names},
            **self.resolved(),
        }


def _plain(value: Any) -> Any:
    """A setting as JSON has it: nested components by their identity, tuples as lists."""
    if isinstance(value, Component):
        return value.identity()
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items() if not holds_secret(key)}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def current_target(name: str) -> str:
    """``name``, or the present name of a target that has moved since a config was written."""
    for before, now in _MOVED.items():
        if name == before or name.startswith(f"{before}."):
            return now + name[len(before) :]
    return name


def operational_keys(spec: Mapping[str, Any]) -> frozenset[str]:
    """Keys of a config group that its target declares operational; none where the target cannot be imported."""
    try:
        target = find_target(str(spec.get("_target_", "")), where="")
    except UserError:
        return frozenset()
    # A factory function may carry the attribute too; a target of a user's own may lack it.
    return frozenset(getattr(target, "operational", frozenset()))


def find_target(name: str, *, where: str) -> Any:
    """Import the class or function called ``name``.

    Args:
        name: dotted path.
        where: the config key it stands in, for the message.

    Raises:
        UserError: there is no such module or name, or the module fails to import; the true error is in the message.
    """
    module_name, _, attribute = current_target(name).rpartition(".")
    if not module_name:
        raise UserError(f"{where}._target_: {name!r} is not a dotted path such as package.module.Class")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise UserError(f"{where}._target_: cannot import {module_name!r}: {type(error).__name__}: {error}") from error
    if not hasattr(module, attribute):
        raise UserError(f"{where}._target_: module {module_name!r} has no {attribute!r}")
    return getattr(module, attribute)


def make_component(spec: Mapping[str, Any], *, where: str) -> Any:
    """Make the component that a config group describes.

    Args:
        spec: plain mapping with ``_target_`` and the keyword arguments of its constructor.
        where: the config group, for messages.

    Raises:
        UserError: the target cannot be found, or the arguments do not fit it; with the faults of all components inside it.
    """
    if "_target_" not in spec:
        raise UserError(f"{where}: no _target_ (choose a file of conf/{where}/, or name a class)")
    target = find_target(str(spec["_target_"]), where=where)
    arguments: dict[str, Any] = {}
    faults: list[str] = []
    for key, value in spec.items():
        if key != "_target_":
            try:
                arguments[key] = _inner_component(value, where=f"{where}.{key}")
            except UserError as error:
                faults.extend(error.faults)
    if faults:
        raise UserError(*faults)
    return target(**_checked(target, arguments, where=where))


def _inner_component(value: Any, *, where: str) -> Any:
    """A component inside a component; any other value as it is."""
    return make_component(value, where=where) if isinstance(value, Mapping) and "_target_" in value else value


def _checked(target: Any, arguments: dict[str, Any], *, where: str) -> dict[str, Any]:
    if faults := number_faults(arguments, where=where):
        raise UserError(*faults)
    hints = get_type_hints(target.__init__ if inspect.isclass(target) else target, include_extras=True)
    fields: dict[str, Any] = {}
    more: Literal["allow", "forbid"] = "forbid"
    for name, parameter in inspect.signature(target).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            more = "allow"
            continue
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[name] = (hints.get(name, Any), default)
    # A component inside a component is checked against its protocol.
    settings = ConfigDict(extra=more, protected_namespaces=(), allow_inf_nan=False, arbitrary_types_allowed=True)
    model = create_model("Arguments", __config__=settings, **fields)
    try:
        checked = model.model_validate(arguments)
    except ValidationError as error:
        raise UserError(*type_faults(error, arguments, where=where)) from error
    return {name: getattr(checked, name) for name in fields} | (checked.model_extra or {})
