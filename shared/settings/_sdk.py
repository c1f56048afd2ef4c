"""The one setting that a library reads from the environment by itself, and that we decide."""

import os


def switch_off_sdk_spans() -> None:
    """Switches off a2a-sdk's own spans, unless the environment says otherwise; before `a2a` is first imported.

    The SDK wraps some thirty-five calls for each message, which costs a third of the request even without a tracer,
    and names none of what matters here. `docs/reference/settings.md` says how to have them back.
    """
    os.environ.setdefault("OTEL_INSTRUMENTATION_A2A_SDK_ENABLED", "false")
