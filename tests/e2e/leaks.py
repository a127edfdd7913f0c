# SPDX-License-Identifier: Apache-2.0
"""What must not be seen: secrets, tokens and filters' values that the tests use, and who looks for them.

Whatever passes through Server.channel() is remembered: the tokens handed out and sent, credentials, the values
of filters; so are the secrets among a program's settings. Others are told with secret(). When a program has
ended its log is searched, while it runs its command line; answers to callers may hold no secret either. One
memory for the whole process: what one server was told, the worker of another may let slip.
"""

import os
import re
import threading

import grpc

LEAST_SECRET = 12  # shorter ones are made up to be refused
LEAST_VALUE = 6
TOKEN = "a token"
SETTING = "a secret setting"
CREDENTIAL = "a credential"
VALUE = "a filter's value"


class Memory:
    """What is not to be seen, and where answers showed it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.known = {}  # text: what it is
        self.names = set()  # of types: they may be seen
        self.found = []

    def add(self, text, what, least):
        with self.lock:
            if len(text) >= least:
                self.known.setdefault(text, what)

    def search(self, text, kinds=(TOKEN, SETTING, CREDENTIAL, VALUE)):
        """The lines of a text that show something, masked."""
        with self.lock:
            known = [(hush, what) for hush, what in self.known.items() if what in kinds and hush not in self.names]
        shown = [(hush, what) for hush, what in known if hush in text]
        lines = [line for line in text.split("\n") if any(hush in line for hush, _ in shown)] if shown else []
        for hush, what in sorted(shown, key=lambda each: -len(each[0])):
            lines = [line.replace(hush, "<%s>" % what) for line in lines]
        return lines

    def note_answer(self, text, where):
        """An answer's text may quote what its caller sent, but no secret."""
        for line in self.search(text, (TOKEN, SETTING, CREDENTIAL)):
            self.found.append("%s: %s" % (where, line))


MEMORY = Memory()


def secret(text, what=CREDENTIAL):
    """Remembers a secret."""
    MEMORY.add(text, what, LEAST_SECRET)


def value(text):
    """Remembers a filter's value; a number could be any number."""
    if not re.fullmatch(r"[-+.\d]*", text):
        MEMORY.add(text, VALUE, LEAST_VALUE)


def settings(all):
    """Remembers the secrets among settings."""
    for name, setting in all.items():
        setting = str(setting)
        if name == "AWS_SESSION_TOKEN":
            secret(setting, SETTING)
        if name.endswith("_FILE") and "SECRET" in name:
            if not os.path.isfile(setting):
                continue
            with open(setting, encoding="utf-8", errors="replace") as file:
                setting = file.read().strip()
        if "SECRET" in name:
            for key in setting.split(","):
                secret(key.rpartition(":")[2], SETTING)
        password = re.match(r"[a-z0-9+]+://[^/@:]*:([^/@]+)@", setting)
        if password:
            secret(password.group(1), SETTING)


def check(text, where):
    """Fails if a text shows what it must not, or an answer has shown it."""
    lines, MEMORY.found = MEMORY.found + ["%s: %s" % (where, line) for line in MEMORY.search(text)], []
    assert not lines, "what must not be seen was seen:\n" + "\n".join(lines[:20])


def check_command_line(pid):
    """The same for what `ps` shows of a process."""
    try:
        with open("/proc/%d/cmdline" % pid, encoding="utf-8", errors="replace") as file:
            check(file.read().replace("\0", " "), "the command line")
    except FileNotFoundError:
        pass  # it has ended


class Watcher(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Sees the calls of a channel."""

    def intercept_unary_unary(self, continuation, client_call_details, request):
        self.note_request(client_call_details, request)
        call = continuation(client_call_details, request)
        call.add_done_callback(self.note_end)
        return call

    def intercept_unary_stream(self, continuation, client_call_details, request):
        self.note_request(client_call_details, request)
        call = continuation(client_call_details, request)
        call.add_done_callback(self.note_status)
        return call

    @staticmethod
    def note_request(details, request):
        for key, text in details.metadata or ():
            if key == "authorization":
                secret(text.rpartition(" ")[2])
        with MEMORY.lock:
            MEMORY.names.add(getattr(request, "type", ""))
        for asked in getattr(request, "filters", ()):
            for each in getattr(asked, "values", ()):
                value(each)
        if isinstance(getattr(request, "token", None), str):
            secret(request.token, TOKEN)

    def note_end(self, call):
        self.note_status(call)
        if call.code() != grpc.StatusCode.OK:
            return
        answer = call.result()
        for job in [answer.job] if hasattr(answer, "job") else getattr(answer, "jobs", ()):
            MEMORY.note_answer(job.error.message, "the error of a job")
        if isinstance(getattr(answer, "token", None), str):
            secret(answer.token, TOKEN)

    @staticmethod
    def note_status(call):
        MEMORY.note_answer(call.details() or "", "the message of a status")


def watched(channel):
    """The channel, with whatever passes through it remembered."""
    return grpc.intercept_channel(channel, Watcher())
