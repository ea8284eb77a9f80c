"""Check the signature of a request as AWS would."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.origin import Received

__all__ = ["ACCESS_KEY", "REGION", "SECRET_KEY", "is_signed"]

ACCESS_KEY, SECRET_KEY, REGION = "AKIAEXAMPLE", "very-secret-key", "us-east-1"
_AUTHORIZATION = re.compile(
    rf"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/\d{{8}}/{REGION}/bedrock/aws4_request, "
    r"SignedHeaders=(?P<names>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
)


def is_signed(received: Received) -> bool:
    """Return whether the signature matches the method, path, body, and every header that it covers."""
    stated = _AUTHORIZATION.fullmatch(received.headers["authorization"])
    if stated is None:
        return False
    headers = {name: received.headers[name] for name in stated["names"].split(";")}
    # The request line may hold the whole URL.
    url = urljoin(f"http://{received.headers['host']}", received.path)
    request = AWSRequest(received.method, url, headers, received.body)
    request.context["timestamp"] = received.headers["x-amz-date"]
    auth = SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "bedrock", REGION)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return bool(auth.signature(text, request) == stated["signature"])
