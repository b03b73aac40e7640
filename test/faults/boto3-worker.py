"""Calls the gateway with boto3: one JSON line in, one JSON line out, until standard input ends."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import boto3
from botocore.config import Config

making_clients = Lock()
session = boto3.session.Session(region_name="us-east-1", aws_access_key_id="AKIAUNUSED", aws_secret_access_key="unused")


def client_for(case):
    # A session is not safe to be shared by threads; clients are.
    with making_clients:
        return make_client(case)


def make_client(case):
    config = Config(retries={"max_attempts": case["retries"]}) if "retries" in case else Config()
    client = session.client("bedrock-runtime", endpoint_url=case["endpoint"], config=config)

    def add_key(request, **_):
        request.headers["x-litellm-api-key"] = case["key"]

    client.meta.events.register("before-send.*", add_key)
    return client


def call(case):
    client = client_for(case)
    method = getattr(client, case["method"])
    result = method(**case["arguments"])
    for member in ("stream", "body"):
        if member in result:
            for _ in result[member]:
                pass


def outcome_of(case):
    try:
        call(case)
        return {"clean": True, "error": ""}
    except Exception as error:
        response = getattr(error, "response", None)
        code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
        return {"clean": False, "error": code or type(error).__name__}


def answer(case):
    print(json.dumps({"id": case["id"], **outcome_of(case)}) + "\n", end="", flush=True)


with ThreadPoolExecutor(max_workers=32) as pool:
    for line in sys.stdin:
        pool.submit(answer, json.loads(line))
