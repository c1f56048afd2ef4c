"""The relationship store: what the agents ask before every act."""

from collections.abc import Iterator

from portal.doctor._check import Found, check
from portal.doctor._store import Stores


@check(
    "fga/no-answer",
    why="An agent that cannot ask denies: every tool call is refused, and people are told that a part is away.",
    mend="See that FGA_API_URL is right and that its credential (FGA_API_TOKEN, or FGA_CLIENT_ID with its secret) is "
    "one that the API takes.",
)
def no_answer(stores: Stores) -> Iterator[Found]:
    for asked in stores:
        if asked.problem:
            yield Found(asked.agent.of("FGA_API_URL"), asked.problem)


@check(
    "fga/store-missing",
    why="The store that is asked is not there: every tool call is denied.",
    mend="Set FGA_STORE_ID to the store's id; `helpdesk fga model --create-store` makes one, `helpdesk fga sync` fills "
    "it.",
)
def store_missing(stores: Stores) -> Iterator[Found]:
    for asked in stores:
        if not asked.has_store:
            yield Found(asked.agent.of("FGA_STORE_ID"), asked.agent.text("FGA_STORE_ID"))


@check(
    "fga/model-missing",
    why="The store has no authorization model of this id: every tool call is denied.",
    mend="`helpdesk fga model` says the id of the newest; set FGA_MODEL_ID to it and start the agents anew.",
)
def model_missing(stores: Stores) -> Iterator[Found]:
    for asked in stores:
        if asked.has_store and not asked.has_model:
            yield Found(asked.agent.of("FGA_MODEL_ID"), asked.agent.text("FGA_MODEL_ID"))


@check(
    "fga/model-differs",
    why="The agents ask by another model than `deploy/fga` has: what this version asks for may be unknown there, and "
    "then is denied, or mean something else.",
    mend="`helpdesk fga model` writes ours and says its id; set FGA_MODEL_ID to it and start the agents anew.",
)
def model_differs(stores: Stores) -> Iterator[Found]:
    for asked in stores:
        if asked.has_store and asked.has_model and not asked.is_ours:
            yield Found(
                asked.agent.of("FGA_MODEL_ID"), f"{asked.agent.text('FGA_MODEL_ID')}, which is not deploy/fga's"
            )
