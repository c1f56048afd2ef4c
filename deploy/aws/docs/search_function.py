"""The search tool on AWS Lambda. Its handler is `deploy.aws.docs.search_function.handler`.

Environment: `IDENTITY_KEY`, as the interceptor has it; `GATEWAY_ID`, the only gateway that may call; where the index
has vectors, `KNOWLEDGE_EMBEDDINGS`, the model that made them. The index is in the package, and is opened when the
function starts, so that no call waits for it.
"""

import os
from pathlib import Path

from deploy.aws.docs.tool import INDEX_FILE, DocsTool, ToolConfig
from knowledge import BedrockEmbedder, KnowledgeIndex

_embeddings = os.environ.get("KNOWLEDGE_EMBEDDINGS")

handler = DocsTool(
    KnowledgeIndex(
        Path(__file__).resolve().parents[3] / INDEX_FILE,
        embedder=BedrockEmbedder(_embeddings) if _embeddings else None,
    ),
    ToolConfig(identity_key=os.environ["IDENTITY_KEY"].encode(), gateway_id=os.environ["GATEWAY_ID"]),
)
