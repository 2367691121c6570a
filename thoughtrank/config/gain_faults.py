"""Whether the stage that computes gains can do its work, and whether a run that is to stop after it has it."""

from thoughtrank.config.components import Components
from thoughtrank.config.schema import RunConfig
from thoughtrank.selection.protocol import needs_gains


def gain_faults(config: RunConfig, components: Components) -> list[str]:
    """The selection needs gains, and the engine cannot compute them."""
    if components.engine.scores or not needs_gains(components.selection):
        return []
    return [
        "selection.thoughts=gain, selection.min_gain, selection.skip_known and selection.trim_thoughts need an engine that "
        "scores answers, and this one does not: choose engine=transformers or engine=vllm, set engine.scores=true where the "
        "servers of engine=openai return log-probabilities of an echoed prompt, or set selection.thoughts=hash, "
        "selection.min_gain=null, selection.skip_known=false and selection.trim_thoughts=false"
    ]


def stop_after_faults(config: RunConfig, components: Components) -> list[str]:
    """The run would never stop: no round has the stage that it is to stop after."""
    if config.stop_after != "gains" or needs_gains(components.selection):
        return []
    return [
        "stop_after=gains: this run computes no gains, because its selection does not depend on them: set "
        "selection.thoughts=gain with an engine that scores answers, or stop after another stage"
    ]
