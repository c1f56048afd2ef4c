"""A tool's result is the answer: it is relayed as it is, and the model is not asked to say it again.

That saves a model call, and what a tool said reaches the person unchanged, whatever the model would have made
of it. Where a tool failed for a reason that the model can mend (arguments that do not fit), the loop goes on.
"""

from typing import Any

from strands.hooks import AfterToolCallEvent, AfterToolsEvent, HookProvider, HookRegistry
from strands.types.tools import ToolResult, ToolUse

from shared.a2a import OUTCOME, Wait
from shared.agent_loop._waiting import still_waits
from shared.authorization import UNDECIDED, WAITING
from shared.errors import HelpdeskError, WaitsForPerson
from shared.telemetry import get_logger, metrics

FAILED = "Something went wrong on our side; nothing was changed as far as we know. Please try again."

IN_DOUBT = (
    "What came of this is not known yet, and a part of the help desk that can tell is not available right now. I look "
    "again when it is, and say here what came of it; nothing is done a second time."
)

GOES_ON = "goes_on"
"""In `invocation_state`: by tool use id, what the calls waited for that are made again."""

_DENIED = "DENIED: "
"""What Strands puts before the words of an intervention that denies."""

_log = get_logger()


class RelayAnswers(HookProvider):
    """Ends the turn with the tools' own words once all tools of a turn have answered.

    Made for one run. `words` holds, by tool use id, the text that each tool gave; `waiting`, what a tool's work waits
    for and the call itself: that is no answer yet.
    """

    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        self.waiting: dict[str, tuple[ToolUse, WaitsForPerson]] = {}

    @property
    def held(self) -> dict[str, str]:
        """By what the tools that wait want to be given back, their names."""
        return {error.resume: str(tool_use["name"]) for tool_use, error in self.waiting.values()}

    def register_hooks(self, registry: HookRegistry, **_: Any) -> None:
        """Registers for the ends of single tool calls and of a turn's batch."""
        registry.add_callback(AfterToolCallEvent, self._after_tool_call)
        registry.add_callback(AfterToolsEvent, self._after_tools)

    def _after_tool_call(self, event: AfterToolCallEvent) -> None:
        tool_use_id = event.tool_use["toolUseId"]
        waits = event.exception or event.invocation_state.get(WAITING, {}).get(tool_use_id) or _in_doubt(event)
        if isinstance(waits, WaitsForPerson):
            _log.info("tool_waits", tool=event.tool_use["name"], reason=waits.reason, detail=waits.detail)
            event.result = _result(tool_use_id, "error", waits.public_message)
            self.waiting[tool_use_id] = (event.tool_use, waits)
        elif event.exception is not None and not _is_mendable(event.exception):
            words = _words_for(event.exception, str(event.tool_use["name"]))
            event.result = _result(tool_use_id, "error", words)
            self.words[tool_use_id] = words
        elif event.result["status"] == "success":
            self.words[tool_use_id] = text_of(event.result)
        elif event.cancel_message is not None:  # an intervention denied the call; its reason is for the person
            self.words[tool_use_id] = event.cancel_message.removeprefix(_DENIED)

    def _after_tools(self, event: AfterToolsEvent) -> None:
        results = [block["toolResult"] for block in event.message["content"] if "toolResult" in block]
        if results and all(result["toolUseId"] in {*self.words, *self.waiting} for result in results):
            words = (self.words.get(result["toolUseId"], "") for result in results)
            event.end_turn = "\n\n".join(words).strip() or FAILED


def _in_doubt(event: AfterToolCallEvent) -> WaitsForPerson | None:
    """A call that would tell what came of an act, and of which nothing could be decided: that is no answer to it."""
    tool_use_id = event.tool_use["toolUseId"]
    is_back = event.invocation_state.get(UNDECIDED, {}).get(tool_use_id)
    wait: Wait | None = event.invocation_state.get(GOES_ON, {}).get(tool_use_id)
    if is_back is None or wait is None or wait.kind != OUTCOME:
        return None
    return still_waits(wait, IN_DOUBT, is_over=is_back)


def text_of(result: ToolResult) -> str:
    """The text of a tool's result."""
    return "\n".join(block["text"] for block in result["content"] if "text" in block)


def _is_mendable(exception: Exception) -> bool:
    """Whether the arguments did not fit the tool's schema; Strands tells the model, which may call again."""
    return isinstance(exception, ValueError) and str(exception).startswith("Validation failed for input parameters")


def _result(tool_use_id: str, status: Any, text: str) -> ToolResult:
    return {"toolUseId": tool_use_id, "status": status, "content": [{"text": text}]}


def _words_for(exception: Exception, tool: str) -> str:
    if isinstance(exception, HelpdeskError):
        metrics.refused(exception, place="tool")
        _log.info("tool_refused", tool=tool, reason=exception.reason, detail=exception.detail)
        return exception.public_message
    _log.error("tool_failed", tool=tool, exc_info=exception)
    return FAILED
