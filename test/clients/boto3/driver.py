"""Calls boto3 as told on standard input, one JSON object a line, and answers with what came of it, one line each."""

import datetime
import json
import os
import sys

import boto3
from botocore.config import Config
from botocore.eventstream import EventStream
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

clients = {}


def connect(service, options):
    """A client for a service, made once for the same options, since making one takes longer than most calls."""
    name = service + json.dumps(options, sort_keys=True)
    if name not in clients:
        clients[name] = new_client(service, options)
    return clients[name]


def carry_bearer(options):
    """boto3 takes this key from nowhere but the environment, and looks there at every call."""
    os.environ.pop("AWS_BEARER_TOKEN_BEDROCK", None)
    if "bearer" in options:
        os.environ["AWS_BEARER_TOKEN_BEDROCK"] = options["bearer"]


def new_client(service, options):
    client = boto3.client(
        service,
        endpoint_url=options["endpoint"],
        region_name=options.get("region", "us-east-1"),
        aws_access_key_id=options.get("accessKeyId", "fake"),
        aws_secret_access_key=options.get("secretAccessKey", "fake"),
        aws_session_token=options.get("sessionToken"),
        verify=options.get("authority"),
        config=Config(retries={"total_max_attempts": options.get("attempts", 1)}, read_timeout=30),
    )
    headers = options.get("headers", {})
    if headers:
        client.meta.events.register("before-send.*.*", lambda request, **_: request.headers.update(headers))
    return client


def call(asked):
    events = []
    try:
        carry_bearer(asked["client"])
        client = connect(asked["service"], asked["client"])
        answer = getattr(client, asked["method"])(**asked.get("args", {}))
        return {"answer": plain(answer, events), "events": events}
    except ClientError as error:
        return {"events": events, "error": described(error)}


def plain(value, events):
    """What JSON can hold. The events of a stream go to a list of their own, which keeps them when the stream fails."""
    if isinstance(value, EventStream):
        for event in value:
            events.append(plain(event, events))
        return "event stream"
    if isinstance(value, StreamingBody):
        return value.read().decode()
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: plain(member, events) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member, events) for member in value]
    return value


def described(error):
    return {
        "class": type(error).__name__,
        "code": error.response["Error"]["Code"],
        "message": error.response["Error"]["Message"],
        "status": error.response.get("ResponseMetadata", {}).get("HTTPStatusCode"),
        "requestId": error.response.get("ResponseMetadata", {}).get("RequestId"),
    }


for line in sys.stdin:
    print(json.dumps(call(json.loads(line))), flush=True)
