"""Vectors by an embedding model of Amazon Bedrock: Titan Text Embeddings V2, Cohere Embed v3 and v4.

The request is `InvokeModel` of the service `bedrock-runtime`; its body is the model's own. Region and credentials are
found as every AWS client finds them. Needs boto3, which AWS Lambda has, and elsewhere the extra `bedrock`.
"""

import json
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from knowledge._embeddings import Vector
from knowledge._errors import EmbeddingsUnavailable

_DIMENSIONS: Final = 256
_LONGEST: Final = 2_000
_AT_ONCE: Final = 8
_CONNECT_SECONDS: Final = 1.0
_QUESTION_SECONDS: Final = 2.0
_DOCUMENT_SECONDS: Final = 30.0
_DOCUMENT_TRIES: Final = 5
_PROFILE: Final = r"(?:arn:aws[a-z-]*:bedrock:[^/]+/)?(?:[a-z]{2,6}\.)?"
"""A model may be named by itself, by an inference profile for a region, or by the ARN of either."""


class _Model(Protocol):
    """How one family of models is asked."""

    most_texts: int

    def request(self, texts: Sequence[str], *, is_question: bool) -> Mapping[str, Any]:
        """The body of the request."""
        ...

    def vectors(self, answer: Mapping[str, Any]) -> list[Vector]:
        """What the body of the response holds; raises LookupError or TypeError where it is another."""
        ...


class _Titan:
    most_texts = 1

    def request(self, texts: Sequence[str], *, is_question: bool) -> Mapping[str, Any]:
        del is_question  # it makes no difference to this model
        return {"inputText": texts[0], "dimensions": _DIMENSIONS, "normalize": True}

    def vectors(self, answer: Mapping[str, Any]) -> list[Vector]:
        return [answer["embedding"]]


class _Cohere:
    most_texts = 96

    def __init__(self, *, has_dimensions: bool) -> None:
        self._more: Mapping[str, Any] = (
            {"output_dimension": _DIMENSIONS, "embedding_types": ["float"]} if has_dimensions else {}
        )

    def request(self, texts: Sequence[str], *, is_question: bool) -> Mapping[str, Any]:
        purpose = "search_query" if is_question else "search_document"
        return {"texts": list(texts), "input_type": purpose, "truncate": "END", **self._more}

    def vectors(self, answer: Mapping[str, Any]) -> list[Vector]:
        found = answer["embeddings"]
        return list(found["float"] if isinstance(found, dict) else found)


_MODELS: Final[Mapping[str, _Model]] = {
    r"amazon\.titan-embed-text-v2:\d+": _Titan(),
    r"cohere\.embed-(?:english|multilingual)-v3": _Cohere(has_dimensions=False),
    r"cohere\.embed-v4:\d+": _Cohere(has_dimensions=True),
}


class BedrockEmbedder:
    """An embedding model of Amazon Bedrock.

    Args:
        model_id: The model, or an inference profile of it.
        endpoint_url: In place of the service's own address.

    Raises:
        ValueError: It is none of the models that are known here.
    """

    def __init__(self, model_id: str, *, endpoint_url: str | None = None) -> None:
        model = next((found for form, found in _MODELS.items() if re.fullmatch(_PROFILE + form, model_id)), None)
        if model is None:
            raise ValueError(
                f"{model_id!r} is no embedding model that is known: amazon.titan-embed-text-v2:0, "
                "cohere.embed-english-v3, cohere.embed-multilingual-v3 or cohere.embed-v4:0"
            )
        self._model = model
        self._model_id = model_id
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._clients: dict[bool, Any] = {}

    @property
    def name(self) -> str:
        """The model, and how it is asked."""
        return f"bedrock {self._model_id} {_DIMENSIONS}"

    def documents(self, texts: Sequence[str]) -> list[Vector]:
        """A vector for each text; several requests at once, each tried again where the service is busy."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 -- to build an index; a search needs none

        step = self._model.most_texts
        parts = [texts[at : at + step] for at in range(0, len(texts), step)]
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            answers = list(pool.map(lambda part: self._invoke(part, is_question=False), parts))
        return [vector for vectors in answers for vector in vectors]

    def question(self, text: str) -> Vector:
        """The vector of a question; asked once, as somebody waits."""
        return self._invoke([text], is_question=True)[0]

    def _invoke(self, texts: Sequence[str], *, is_question: bool) -> list[Vector]:
        client = self._client(is_question=is_question)
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- for those who use it alone

        body = json.dumps(self._model.request([text[:_LONGEST] for text in texts], is_question=is_question))
        try:
            response = client.invoke_model(
                modelId=self._model_id, body=body, contentType="application/json", accept="application/json"
            )
            vectors = self._model.vectors(json.loads(response["body"].read()))
        except ClientError as error:
            raise EmbeddingsUnavailable(f"Bedrock refused: {error.response['Error']['Code']}") from error
        except BotoCoreError as error:
            raise EmbeddingsUnavailable(f"Bedrock cannot be reached: {type(error).__name__}") from error
        except (LookupError, TypeError, ValueError) as error:
            raise EmbeddingsUnavailable("Bedrock's answer is not what the model's reference says") from error
        if len(vectors) != len(texts):
            raise EmbeddingsUnavailable(f"Bedrock answered {len(texts)} texts with {len(vectors)} vectors")
        return vectors

    def _client(self, *, is_question: bool) -> Any:
        """A client of its own for questions, which waits for little; made at the first call, as that takes time."""
        try:
            import boto3  # noqa: PLC0415 -- takes a third of a second: for those who use it alone
            from botocore.config import Config  # noqa: PLC0415
        except ImportError as error:
            raise EmbeddingsUnavailable("boto3 is not installed: it is the extra `bedrock` of knowledge") from error
        with self._lock:
            if is_question not in self._clients:
                config = Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=_QUESTION_SECONDS if is_question else _DOCUMENT_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": 1 if is_question else _DOCUMENT_TRIES},
                    max_pool_connections=_AT_ONCE,
                )
                self._clients[is_question] = boto3.session.Session().client(
                    "bedrock-runtime", endpoint_url=self._endpoint_url, config=config
                )
            return self._clients[is_question]
