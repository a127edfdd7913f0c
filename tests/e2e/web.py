# SPDX-License-Identifier: Apache-2.0
"""A client of the browser's door, without any library between. It keeps in mind what it was answered, for
`assert_documented`."""

import http.client
import json
import pathlib
import re
import ssl
import time
import urllib.parse

import leaks
from server import wait_until

CALL_S = 20
DOCUMENT = json.loads((pathlib.Path(__file__).parents[2] / "server/page/openapi.json").read_text())
FOREIGN = re.compile(r"[a-z]_[a-z]|\b(filters|columns)\[|\b(Create|Get|List|Cancel|Retry|Delete|Watch)[A-Z]")  # gRPC's words

answers = set()  # (method, path, status, code)


def operations():
    """(method, path, operation) of all that the document describes."""
    return [(method.upper(), path, operation) for path, methods in DOCUMENT["paths"].items()
            for method, operation in methods.items()]


def arguments(operation):
    return {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}


def assert_documented():
    """Whatever was answered stands in the document."""
    codes = set(DOCUMENT["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["code"]["enum"])
    routes = [(method, re.compile(re.sub(r"{\w+}", "[^/]+", path)), operation) for method, path, operation in operations()]
    missing = {"code " + code for *_, code in answers if code and code not in codes}
    for method, path, status, _ in answers:
        for described, pattern, operation in routes:
            if described == method.replace("HEAD", "GET") and pattern.fullmatch(path) and str(status) not in operation["responses"]:
                missing.add("%s %s: %d" % (described, pattern.pattern, status))
    assert not missing, "server/page/openapi.json lacks %s" % sorted(missing)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        assert self.json["error"] is None, self.json
        return self.json["data"]

    @property
    def code(self):
        """Of an error, whose message is there for people."""
        error = self.json["error"]
        assert error["message"] and not FOREIGN.search(error["message"].replace("given_up", "") + " " + error.get("field", "")), error
        return error["code"]


class Web:
    """Somebody at a browser's door, by a name or by a token."""

    def __init__(self, address, user=None, token=None, tls=None):
        self.address, self.tls = address, tls
        self.headers = {}
        if user:
            self.headers["X-Exportq-User"] = user
        if token:
            self.headers["Authorization"] = "Bearer " + token
            leaks.secret(token)

    def connect(self, timeout=CALL_S):
        if self.tls:
            return http.client.HTTPSConnection(self.address, timeout=timeout, context=self.tls)
        return http.client.HTTPConnection(self.address, timeout=timeout)

    def ask(self, method, path, body=None, headers=None, query=None):
        """One call, on a connection of its own; a body that is no text goes as JSON."""
        sent = {**self.headers, **(headers or {})}
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        if query:
            path += "?" + urllib.parse.urlencode(query)
        connection = self.connect()
        try:
            connection.request(method, path, body, sent)
            answer = Answer(connection.getresponse())
            answers.add((method, path.partition("?")[0], answer.status, answer.status >= 400 and method != "HEAD" and answer.code))
            return answer
        finally:
            connection.close()

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, body, **more)

    # ---- jobs ----

    def create(self, type, format="csv", headers=None, **params):
        for name, value in params.items():
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, str) and name != "selectedColumns":
                    leaks.value(each)
        answer = self.post("/api/exports/jobs", {"type": type, "format": format, "params": params}, headers=headers)
        assert answer.status == 202, answer.body
        return answer.data

    def job(self, id):
        return self.get("/api/exports/jobs/" + id).data

    def ended(self, id):
        return wait_until(lambda: (job := self.job(id))["status"] not in ("queued", "running") and job, "the job's end")

    def completed(self, id):
        job = self.ended(id)
        assert job["status"] == "completed", job
        return job

    def token(self, id):
        token = self.post("/api/exports/jobs/%s/token" % id).data["downloadToken"]
        leaks.secret(token, leaks.TOKEN)
        return token

    def download(self, id, token, method="GET", **headers):
        return self.ask(method, "/api/exports/jobs/%s/download" % id, query={"token": token},
                        headers={name.replace("_", "-"): value for name, value in headers.items()})

    def events(self, query="", **headers):
        return Events(self, query, headers)


class Events:
    """Server-sent events, as they come: (event, id, data)."""

    def __init__(self, web, query, headers):
        self.connection = web.connect()
        self.connection.request("GET", "/api/exports/events" + query,
                                headers={**web.headers, **{k.replace("_", "-"): v for k, v in headers.items()}})
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.end = float("inf")
        answers.add(("GET", "/api/exports/events", self.status, None))

    def __iter__(self):
        fields = {}
        for line in self.response:
            line = line.decode().rstrip("\n")
            assert time.monotonic() < self.end, "it did not come"
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields.get("data"):
                yield fields["event"], int(fields.get("id", 0)), json.loads(fields["data"])
                fields = {}

    def until(self, is_it, seconds=CALL_S):
        self.end = time.monotonic() + seconds
        for event, id, data in self:
            if is_it(data):
                return event, id, data
        raise AssertionError("the stream ended")

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.close()
