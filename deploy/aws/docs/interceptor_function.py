"""The request interceptor on AWS Lambda. Its handler is `deploy.aws.docs.interceptor_function.handler`.

Environment: `IDENTITY_KEY`, a random text of at least 32 characters that the search tool has too; `ISSUER`, with its
trailing slash; `AUDIENCE`, the gateway's API identifier; `DECIDERS`, the client ids, with spaces between them, whose
word on audiences counts: docs_search's Custom API client.
"""

import os

from deploy.aws.docs.interceptor import Interceptor, InterceptorConfig

handler = Interceptor(
    InterceptorConfig(
        identity_key=os.environ["IDENTITY_KEY"].encode(),
        issuer=os.environ["ISSUER"],
        audience=os.environ["AUDIENCE"],
        deciders=frozenset(os.environ["DECIDERS"].split()),
    )
)
