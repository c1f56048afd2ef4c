"""The local gateway, as its settings in a file have it: `python -m benchmarks.servers.gateway FILE`."""

import json
import sys
from pathlib import Path

import uvicorn

from local.gateway import GatewaySettings, create_app

if __name__ == "__main__":
    settings = GatewaySettings.load(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    uvicorn.run(create_app(settings), port=settings.port, log_level="error", access_log=False)
