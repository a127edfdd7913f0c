# SPDX-License-Identifier: Apache-2.0
"""Asks for an export, watches it, and saves the file: export.py ADDRESS TYPE FILE"""

import hashlib
import sys

import grpc
from exportqueue.v1 import export_pb2 as pb
from exportqueue.v1 import export_pb2_grpc

address, export_type, path = sys.argv[1:]
me = (("x-exportq-user", "local"),)  # with EXPORT_AUTH: ("authorization", "Bearer " + token)

with grpc.insecure_channel(address) as channel:
    exports = export_pb2_grpc.ExportServiceStub(channel)

    job = exports.CreateJob(pb.CreateJobRequest(type=export_type, format="csv"), metadata=me, timeout=30).job

    for change in exports.WatchJob(pb.WatchJobRequest(id=job.id), metadata=me):
        job = change.job  # the stream ends when the job has
        print(pb.JobState.Name(job.state), job.progress.rows_done)
    if job.state != pb.JOB_STATE_COMPLETED:
        sys.exit("no file: %s" % job.error.message)

    token = exports.CreateDownloadToken(pb.CreateDownloadTokenRequest(id=job.id), metadata=me, timeout=30).token
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for part in exports.Download(pb.DownloadRequest(token=token), metadata=me):
            file.write(part.chunk)  # empty in the first part, the header
            digest.update(part.chunk)
    if digest.hexdigest() != job.file.sha256:
        sys.exit("the file is not whole")
