"""What the planner says itself, where no tool answers: built from the tools' own specifications."""

from collections.abc import Sequence

from shared.models.offline._specification import Tool


def capabilities(tools: Sequence[Tool]) -> str:
    """One line for each tool."""
    return "\n".join(f"- {tool.summary}" for tool in tools)


def refusal(tools: Sequence[Tool]) -> str:
    """Says that no tool covers what was asked, and what the tools do cover."""
    if not tools:
        return "I cannot help with that: I have no tools to work with."
    return f"I cannot help with that. What I can do:\n{capabilities(tools)}"


def uncovered(part: str) -> str:
    """Says that no tool covers one part of a message."""
    return f"I cannot help with this part: \u201c{part}\u201d."


def empty(tools: Sequence[Tool]) -> str:
    """Answers a message without words."""
    return f"I did not find a question in your message. What I can do:\n{capabilities(tools)}"


def greeting(tools: Sequence[Tool]) -> str:
    """Answers a greeting."""
    return f"Hello. What I can help with:\n{capabilities(tools)}" if tools else "Hello."


def thanks() -> str:
    """Answers thanks."""
    return "You are welcome. Say so if there is anything else."


def help_text(tools: Sequence[Tool]) -> str:
    """Answers "what can you do?", with an example for each tool that has one."""
    lines = [f"- {tool.summary}" + (f' (for example: "{tool.examples[0]}")' if tool.examples else "") for tool in tools]
    return "What I can help with:\n" + "\n".join(lines) if lines else refusal(tools)


def offer(tool: Tool) -> str:
    """Answers "how do I …?" and "can I …?" where the tool would do it: it is done only when asked for."""
    example = f', for example: "{tool.examples[0]}"' if tool.examples else ""
    return f"I can do that for you: {tool.summary}. Nothing has been done yet; ask me to do it{example}."


def not_for_others(tools: Sequence[Tool]) -> str:
    """Says that what was asked for somebody else can be done for the person who asks alone."""
    what = "; ".join(tool.summary for tool in tools)
    return f"I cannot do that for somebody else, only for you: {what}."


def missing(tool: Tool, names: Sequence[str]) -> str:
    """Asks for the arguments that are missing."""
    wanted = [_argument(tool, name) for name in names]
    listed = wanted[0] if len(wanted) == 1 else f"{', '.join(wanted[:-1])} and {wanted[-1]}"
    return f"I need one more thing for this: {listed}?" if len(wanted) == 1 else f"I still need: {listed}?"


def _argument(tool: Tool, name: str) -> str:
    schema = tool.properties.get(name, {})
    description = str(schema.get("description") or "").strip().rstrip(".")
    generated = description.lower() == f"parameter {name}".lower()  # what Strands writes where nothing was said
    text = name.replace("_", " ") if not description or generated else description[0].lower() + description[1:]
    choices = schema.get("enum")
    return f"{text} ({', '.join(str(choice) for choice in choices)})" if choices else text
