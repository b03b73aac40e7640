"""Signs requests with botocore's own signer: a JSON list of them on standard input, of their headers on standard output."""

import json
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def sign(wanted):
    credentials = Credentials(wanted["accessKeyId"], wanted["secretAccessKey"])
    signer = SigV4Auth(credentials, wanted["service"], wanted["region"])
    url = "http://" + wanted["host"] + wanted["target"]
    headers = dict(wanted["headers"])
    request = AWSRequest(wanted["method"], url, data=wanted["body"].encode(), headers=headers)
    # What add_auth does, but for its look at the clock.
    request.context["timestamp"] = wanted["amzDate"]
    signer._modify_request_before_signing(request)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    return request.headers["Authorization"]


json.dump([sign(wanted) for wanted in json.load(sys.stdin)], sys.stdout)
