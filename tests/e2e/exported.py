# SPDX-License-Identifier: Apache-2.0
"""The golden rows as files: exported from SQLite and from PostgreSQL by a server each, on demand and once."""

import hashlib
import os
import shutil
import tempfile
from collections import namedtuple

import golden
from postgres import Postgres
from support import Caller, Kit, Server, pb

__all__ = ["COMPRESSIONS", "Exported", "File"]

# How a compression is asked for, what it adds to the name, and its media type.
Compression = namedtuple("Compression", "number suffix content_type")
COMPRESSIONS = {"gzip": Compression(pb.COMPRESSION_GZIP, ".gz", "application/gzip"),
                "zstd": Compression(pb.COMPRESSION_ZSTD, ".zst", "application/zstd")}

File = namedtuple("File", "path data job")


class Exported:
    """Files of one source, in a directory until close()."""

    def __init__(self, source, **settings):
        self.source = source
        self.home = tempfile.mkdtemp(prefix="exportq-files-")
        self.kit = Kit({})
        self.files = {}
        self.server = self.channel = None
        try:
            self.url = self.make_source()
            if self.url:
                settings["EXPORT_SOURCE_URL"] = self.url
            self.server = Server(self.kit, **settings)
            self.server.start()
            self.channel = self.server.channel()
            self.caller = Caller(self.channel)
        except BaseException:
            self.close()
            raise

    def make_source(self):
        """The database; gives its URL if it is not the kit's own."""
        if self.source == "sqlite":
            golden.make_sqlite(self.kit)
            return None
        url = Postgres.get().new_database()
        golden.make_postgres(self.kit, url)
        return url

    def file(self, type, format, compression=None, again=0, **presentation):
        """A type's file; `again` asks for another job of the same."""
        key = type, format, compression, again, tuple(sorted(presentation.items()))
        if key not in self.files:
            if compression:
                presentation["compression"] = COMPRESSIONS[compression].number
            created = self.caller.create(type, format, presentation=pb.Presentation(**presentation))
            job = self.caller.completed(created.id)
            data = self.caller.file(job.id)
            assert job.file.size == len(data), (job, len(data))
            assert job.file.sha256 == hashlib.sha256(data).hexdigest(), job
            ending = format + (COMPRESSIONS[compression].suffix if compression else "")
            assert job.file.name.endswith("." + ending), job.file.name
            path = os.path.join(self.home, "%s%d.%s" % (type, len(self.files), ending))
            with open(path, "wb") as file:
                file.write(data)
            self.files[key] = File(path, data, job)
        return self.files[key]

    def close(self):
        """Ends the server politely; leaves nothing behind."""
        try:
            if self.channel:
                self.channel.close()
                self.server.stop()
        finally:
            if self.server:
                self.server.close()
            self.kit.close()
            shutil.rmtree(self.home, ignore_errors=True)
