"""`/api/v2/keys/signing`."""

from starlette.responses import Response

from local.tenant._endpoint import json_response
from local.tenant.management._call import Call


def list_keys(call: Call) -> Response:
    """`GET /keys/signing`."""
    return json_response(call.tenant.keys.describe())


def rotate_key(call: Call) -> Response:
    """`POST /keys/signing/rotate`."""
    key = call.tenant.keys.rotate()
    call.tenant.log.write("sapi", description="Rotate the Application Signing Key")
    return json_response({"cert": key.certificate_pem, "kid": key.kid}, 201)


def revoke_key(call: Call) -> Response:
    """`PUT /keys/signing/{kid}/revoke`."""
    key = call.tenant.keys.revoke(call.parameter("kid"))
    call.tenant.log.write("sapi", description="Revoke an Application Signing Key by its key id")
    return json_response({"cert": key.certificate_pem, "kid": key.kid}, 202)
