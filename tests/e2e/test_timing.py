# SPDX-License-Identifier: Apache-2.0
"""Whether the time of an answer tells about a download token. The figure is printed and not asserted, for on a
busy machine it would fail for nothing; tools/load/token_timing.c has the same without the network."""

import base64
import math
import random
import statistics
import time

import grpc

from server import is_plain
from support import Case

TRIALS, SANITIZED_TRIALS, WARM_UP, KEPT = 10000, 300, 200, 0.95


def welch(one, other):
    """Welch's t; beyond 4.5 on either side the two differ."""
    return (statistics.fmean(one) - statistics.fmean(other)) / math.sqrt(
        statistics.variance(one) / len(one) + statistics.variance(other) / len(other))


class Timing(Case):
    """Tokens in random order over one connection, the slowest twentieth left out."""

    def spoil(self, token, place):
        """The token with one byte of its MAC changed."""
        front, mac = token.rsplit(".", 1)
        wrong = bytearray(base64.urlsafe_b64decode(mac + "="))
        wrong[place] ^= 1
        return front + "." + base64.urlsafe_b64encode(wrong).decode().rstrip("=")

    def ask(self, caller, token, code):
        begin = time.perf_counter()
        with self.assertRaises(grpc.RpcError) as caught:
            next(caller.Download(token=token))
        taken = time.perf_counter() - begin
        self.assertEqual(code, caught.exception.code())
        return taken * 1e6

    def test_good_and_bad_tokens_take_as_long(self):
        server = self.serve()
        alice = self.caller(server)
        good = alice.token(alice.completed(alice.rows(3).id).id)
        alice.download(good)  # spent: it is refused as well, but as ours
        over, denied = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.PERMISSION_DENIED
        kinds = {"good": (good, over), "first": (self.spoil(good, 0), denied), "last": (self.spoil(good, 31), denied)}
        times = {kind: [] for kind in kinds}
        anyone = self.caller(server, owner=None)
        trials = TRIALS if is_plain() else SANITIZED_TRIALS
        for trial in range(-WARM_UP, trials):
            for kind in random.sample(sorted(kinds), len(kinds)):
                taken = self.ask(anyone, *kinds[kind])
                if trial >= 0:
                    times[kind].append(taken)
        kept = {kind: sorted(values)[:int(len(values) * KEPT)] for kind, values in times.items()}
        print("    %d trials, %.0f us each: Welch's t %.2f of good and bad tokens, %.2f of a MAC wrong in its first and"
              " last byte" % (trials, statistics.fmean(kept["good"]), welch(kept["good"], kept["last"]),
                              welch(kept["first"], kept["last"])))
