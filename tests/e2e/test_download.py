# SPDX-License-Identifier: Apache-2.0
"""Downloads: one at a time, once, resumable; and tokens that are forged, spent, expired or replaced."""

import base64
import hashlib
import itertools
import os
import unittest

import grpc

from support import Case, Refusal, pb, wait_until

ABORTED = grpc.StatusCode.ABORTED
DENIED = grpc.StatusCode.PERMISSION_DENIED
OVER = grpc.StatusCode.FAILED_PRECONDITION


class Downloads(Case):
    """What a token opens, and how often."""

    def begin(self, **settings):
        self.server = self.serve(**settings)
        self.alice = self.caller(self.server)

    def make(self, rows=1, type="rows"):
        return self.alice.completed(self.alice.create(type, filters={"count": str(rows)}).id)

    def part(self, token, offset, least):
        """Reads at least so many bytes and breaks off; waits until the server has noticed."""
        ended = self.server.log().count("event=download.ended")
        stream = self.caller(self.server).Download(token=token, offset=offset)
        header = next(stream).header
        self.assertEqual(offset, header.offset)
        data = b""
        while len(data) < least:
            data += next(stream).chunk
        stream.cancel()
        wait_until(lambda: self.server.log().count("event=download.ended") > ended, "the server sees the break")
        return data

    def test_of_two_downloads_at_once_one_is_served_and_one_comes_back_later(self):
        self.begin()
        job = self.make(51000, "wide")
        self.assertGreater(job.file.size, 50_000_000)
        token = self.alice.token(job.id)
        slow = self.alice.Download(token=token)
        first = [next(slow), next(slow)]  # flow control stops the server here
        refusal = self.refused(ABORTED, self.caller(self.server).Download, token=token)
        self.assertGreater(refusal.retry_s, 0)
        self.assertLessEqual(refusal.retry_s, 30)
        # A fresh token is no way around it, and ends the older one only for what begins anew.
        self.refused(ABORTED, self.alice.Download, token=self.alice.token(job.id))
        digest = hashlib.sha256()
        for response in itertools.chain(first[1:], slow):
            digest.update(response.chunk)
        self.assertEqual(first[0].header.file.sha256, digest.hexdigest())
        self.refused(OVER, self.alice.Download, token=token)
        self.refused(OVER, self.alice.CreateDownloadToken, id=job.id)

    def test_a_spent_token_opens_nothing_and_there_is_no_other(self):
        self.begin()
        job = self.make()
        token = self.alice.token(job.id)
        self.alice.download(token)
        for call, fields in ((self.alice.Download, {"token": token}),
                             (self.alice.CreateDownloadToken, {"id": job.id})):
            self.assertIn("downloaded", self.refused(OVER, call, **fields).message)

    def test_a_download_that_breaks_resumes_where_it_stopped(self):
        self.begin()
        job = self.make(10000, "wide")
        token = self.alice.token(job.id)
        data = b""
        while len(data) < job.file.size * 3 // 4:
            data += self.part(token, len(data), 2_000_000)
        header, rest = self.alice.download(token, len(data))
        self.assertEqual(len(data), header.offset)
        data += rest
        self.assertEqual((job.file.size, job.file.sha256), (len(data), hashlib.sha256(data).hexdigest()))
        self.refused(OVER, self.alice.Download, token=token)

    def test_a_tail_lost_on_the_way_may_be_fetched_again(self):
        self.begin()
        job = self.make(100)
        token = self.alice.token(job.id)
        _, data = self.alice.download(token)
        self.refused(OVER, self.alice.Download, token=token, offset=0)
        self.assertEqual(data[-10:], self.alice.download(token, len(data) - 10)[1])

    def test_reading_only_the_end_spends_nothing(self):
        self.begin()
        job = self.make(100)
        token = self.alice.token(job.id)
        self.alice.download(token, job.file.size - 1)
        self.assertEqual(b"", self.alice.download(token, job.file.size)[1])
        _, data = self.alice.download(token)
        self.assertEqual(job.file.sha256, hashlib.sha256(data).hexdigest())

    def test_a_break_gives_the_file_back_at_once_and_costs_nothing(self):
        self.begin()
        job = self.make(10000, "wide")
        token = self.alice.token(job.id)
        for _ in range(5):
            self.part(token, 0, 1)
        self.assertEqual(job.file.size, len(self.alice.download(token)[1]))

    def test_an_offset_beyond_the_end_is_refused_by_name(self):
        self.begin()
        job = self.make()
        token = self.alice.token(job.id)
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.alice.Download, token=token,
                               offset=job.file.size + 1)
        self.assertEqual(["offset"], [field for field, _ in refusal.fields])
        self.assertIn(str(job.file.size), refusal.message)
        self.alice.download(token)  # it cost nothing

    def test_a_forged_or_damaged_token_is_denied_in_one_and_the_same_way(self):
        self.begin()
        token = self.alice.token(self.make().id)
        version, key, payload, mac = token.split(".")
        self.assertEqual((32, 32), tuple(len(base64.urlsafe_b64decode(each + "==")) for each in (payload, mac)))
        forged = ["x", "v1", ".", "...", token[:-1], token + "A", token[1:], token.upper(), token * 50, " " + token,
                  ".".join(("v2", key, payload, mac)), ".".join((version, "other", payload, mac)),
                  ".".join((version, key, payload, "")), ".".join((version, key, "", mac)),
                  ".".join((version, key, mac, payload)), ".".join((version, key, payload, mac, "")),
                  ".".join((version, key, payload, base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")))]
        for place in range(len(version) + len(key) + 2, len(token)):
            other = "A" if token[place] != "A" else "Q"  # differs in bits that count, also in the last
            forged.append(token[:place] + other + token[place + 1:])
        said = {self.refused(DENIED, self.alice.Download, token=each).message for each in forged}
        self.assertEqual(1, len(said), said)
        self.alice.download(token)

    def test_a_token_of_another_server_is_denied(self):
        self.begin()
        token = self.alice.token(self.make().id)
        other = self.caller(self.serve(EXPORT_DOWNLOAD_SECRET="k1:" + base64.b64encode(bytes(32)).decode()))
        self.refused(DENIED, other.Download, token=token)

    def test_a_fresh_token_ends_the_older_ones(self):
        self.begin()
        job = self.make()
        first, second = self.alice.token(job.id), self.alice.token(job.id)
        self.assertIn("newer", self.refused(OVER, self.alice.Download, token=first).message)
        self.alice.download(second)

    def test_an_expired_token_says_so_and_a_fresh_one_works(self):
        self.begin(EXPORT_TOKEN_TTL="1s")
        job = self.make(60000, "wide")
        issued = self.alice.CreateDownloadToken(id=job.id)
        slow = self.alice.Download(token=issued.token)
        head = next(slow)

        def refused():
            refusal = self.refused_somehow(self.caller(self.server).Download, token=issued.token)
            return refusal if refusal.code == OVER else None
        self.assertIn("expired", wait_until(refused, "the token expires").message)
        # What is under way may run past it.
        self.assertEqual(head.header.file.size, sum(len(response.chunk) for response in slow))

        job = self.make()
        self.alice.token(job.id)
        self.assertEqual(job.file.size, len(self.alice.download(self.alice.token(job.id))[1]))

    def refused_somehow(self, call, **fields):
        with self.assertRaises(grpc.RpcError) as caught:
            list(call(**fields))
        return Refusal(caught.exception)

    def test_a_job_may_give_two_downloads_each_behind_a_token_of_its_own(self):
        self.begin(EXPORT_DOWNLOADS_PER_JOB=2)
        job = self.make()
        first = self.alice.token(job.id)
        self.alice.download(first)
        self.refused(OVER, self.alice.Download, token=first)
        self.alice.download(self.alice.token(job.id))
        self.refused(OVER, self.alice.CreateDownloadToken, id=job.id)

    def test_with_0_a_job_gives_any_number_of_downloads(self):
        self.begin(EXPORT_DOWNLOADS_PER_JOB=0)
        job = self.make()
        for _ in range(10):
            token = self.alice.token(job.id)
            self.assertEqual(job.file.size, len(self.alice.download(token)[1]))
            self.refused(OVER, self.alice.Download, token=token)

    def test_keys_rotate_and_the_old_one_still_verifies(self):
        # The same job cannot outlive a server in memory mode; but which key signs, the token tells.
        keys = ["%s:%s" % (name, base64.b64encode(name.encode() * 16).decode()) for name in ("k2", "k1")]
        self.begin(EXPORT_DOWNLOAD_SECRET=",".join(keys))
        token = self.alice.token(self.make().id)
        self.assertEqual("k2", token.split(".")[1])
        self.alice.download(token)

    def test_retention_removes_the_file_and_says_so(self):
        self.begin(EXPORT_RETENTION="1s")
        job = self.make()
        token = self.alice.token(job.id)

        def gone():
            refusal = self.refused_somehow(self.alice.Download, token=token)
            return refusal if refusal.code in (OVER, grpc.StatusCode.NOT_FOUND) else None
        self.assertRegex(wait_until(lambda: self.expired(job.id) and gone(), "the file expires", 60).message,
                         "expired|no job")

    def test_a_file_that_cannot_be_removed_does_not_keep_the_others(self):
        self.begin(EXPORT_RETENTION="2s")
        stuck = self.make()
        self.block(self.stored(stuck))
        later = self.make()
        wait_until(lambda: self.expired(later.id), "the other file expires", 60)
        self.assertEqual(pb.JOB_STATE_COMPLETED, self.alice.get(stuck.id).state)

    def stored(self, job):
        """Where the file of a job is."""
        files = os.path.join(self.server.state, "files")
        (path,) = [os.path.join(files, name) for name in os.listdir(files) if job.id in name]
        return path

    def block(self, path):
        """Puts in a file's place what no unlink removes."""
        os.remove(path)
        os.makedirs(os.path.join(path, "in the way"))

    def test_what_fails_here_is_logged_once_with_its_job_and_reason(self):
        self.begin()
        blocked, cut = self.make(), self.make()
        path = self.stored(blocked)
        self.block(path)
        os.truncate(self.stored(cut), 0)
        token = self.alice.token(cut.id)
        self.refused(grpc.StatusCode.UNAVAILABLE, self.alice.DeleteJob, id=blocked.id)
        self.refused(grpc.StatusCode.UNAVAILABLE, self.alice.Download, token=token)
        method = r"level=warning event=call\.failed method=/exportqueue\.v1\.ExportService/"
        for rpc, job in (("DeleteJob", blocked), ("Download", cut)):
            self.server.wait_for(method + r'%s job=%s .*code=STORE_UNAVAILABLE reason=".+" left_out=0$' % (rpc, job.id))
        self.assertEqual(2, self.server.log().count("event=call.failed"))
        os.rmdir(os.path.join(path, "in the way"))
        os.rmdir(path)
        self.alice.DeleteJob(id=blocked.id)  # what could not be removed then, can be now

    def expired(self, id):
        """Whether the job is EXPIRED, or pruned after that."""
        try:
            return self.alice.get(id).state == pb.JOB_STATE_EXPIRED
        except grpc.RpcError as error:
            return error.code() == grpc.StatusCode.NOT_FOUND


if __name__ == "__main__":
    unittest.main()
