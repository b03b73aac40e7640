"""
Makes the boto3 calls on standard input, a JSON list, with clients that know nothing but their environment. Prints what
came of each. A call may say what to change after it has been signed, or how wrong the clock is.
"""

import datetime
import json
import sys

import boto3
import botocore.auth
from botocore.eventstream import EventStream
from botocore.exceptions import ClientError

now = botocore.auth.get_current_datetime
clients = {}


def connect(service, keys):
    name = json.dumps([service, keys])
    if name not in clients:
        clients[name] = boto3.client(service, **keys)
    return clients[name]


def change(asked):
    """Comes after signing and before the network."""

    def on_send(request, **_):
        for name, value in asked.get("headers", {}).items():
            request.headers[name] = value
        if "replace" in asked:
            old, new = asked["replace"]
            request.url = request.url.replace(old, new)
            if request.body is not None:
                request.body = request.body.replace(old.encode(), new.encode())

    return on_send


def call(asked):
    changes = asked.get("changes", {})
    late = datetime.timedelta(seconds=changes.get("clockSeconds", 0))
    botocore.auth.get_current_datetime = lambda *args, **kwargs: now(*args, **kwargs) + late
    client = connect(asked["service"], asked.get("keys", {}))
    on_send = change(changes)
    client.meta.events.register("before-send", on_send)
    try:
        answer = getattr(client, asked["method"])(**asked.get("args", {}))
        streams = [member for member in answer.values() if isinstance(member, EventStream)]
        return {"events": [next(iter(event)) for stream in streams for event in stream]}
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"raised": f"{status} {type(error).__name__} {error.response['Error']['Code']}"}
    finally:
        client.meta.events.unregister("before-send", on_send)


json.dump([call(asked) for asked in json.load(sys.stdin)], sys.stdout)
