// SPDX-License-Identifier: Apache-2.0

import exportqueue.v1.Export.CreateDownloadTokenRequest;
import exportqueue.v1.Export.CreateJobRequest;
import exportqueue.v1.Export.DownloadRequest;
import exportqueue.v1.Export.Job;
import exportqueue.v1.Export.JobState;
import exportqueue.v1.Export.WatchJobRequest;
import exportqueue.v1.ExportServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;

/** Asks for an export, watches it, and saves the file: Export ADDRESS TYPE FILE. */
public final class Export {
  public static void main(String[] arguments) throws Exception {
    ManagedChannel channel = ManagedChannelBuilder.forTarget(arguments[0]).usePlaintext().build();
    try {
      run(channel, arguments[1], Path.of(arguments[2]));
    } finally {
      channel.shutdownNow();
    }
  }

  private static void run(ManagedChannel channel, String type, Path path) throws Exception {
    var me = new Metadata(); // with EXPORT_AUTH: authorization, "Bearer " + token
    me.put(Metadata.Key.of("x-exportq-user", Metadata.ASCII_STRING_MARSHALLER), "local");
    var service = ExportServiceGrpc.newBlockingStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(me));

    Job job = service.createJob(CreateJobRequest.newBuilder().setType(type).setFormat("csv").build()).getJob();

    var changes = service.watchJob(WatchJobRequest.newBuilder().setId(job.getId()).build());
    while (changes.hasNext()) { // the stream ends when the job has
      job = changes.next().getJob();
      System.out.println(job.getState() + " " + job.getProgress().getRowsDone());
    }
    if (job.getState() != JobState.JOB_STATE_COMPLETED) {
      throw new IllegalStateException("no file: " + job.getError().getMessage());
    }

    var token = service.createDownloadToken(CreateDownloadTokenRequest.newBuilder().setId(job.getId()).build()).getToken();
    var digest = MessageDigest.getInstance("SHA-256");
    var parts = service.download(DownloadRequest.newBuilder().setToken(token).build());
    try (OutputStream file = Files.newOutputStream(path)) {
      while (parts.hasNext()) {
        byte[] chunk = parts.next().getChunk().toByteArray(); // empty in the first part, the header
        file.write(chunk);
        digest.update(chunk);
      }
    }
    if (!HexFormat.of().formatHex(digest.digest()).equals(job.getFile().getSha256())) {
      throw new IllegalStateException("the file is not whole");
    }
  }
}
