// SPDX-License-Identifier: Apache-2.0

// Asks for an export, watches it, and saves the file: export ADDRESS TYPE FILE
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	pb "example.org/export/exportqueuev1"
)

func export(address, kind, path string) error {
	connection, err := grpc.Dial(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	service := pb.NewExportServiceClient(connection)
	// with EXPORT_AUTH: "authorization", "Bearer "+token
	ctx := metadata.AppendToOutgoingContext(context.Background(), "x-exportq-user", "local")

	created, err := service.CreateJob(ctx, &pb.CreateJobRequest{Type: kind, Format: "csv"})
	if err != nil {
		return err
	}
	job, err := watch(ctx, service, created.Job)
	if err != nil {
		return err
	}
	if job.State != pb.JobState_JOB_STATE_COMPLETED {
		return fmt.Errorf("no file: %s", job.GetError().GetMessage())
	}
	return download(ctx, service, job, path)
}

func watch(ctx context.Context, service pb.ExportServiceClient, job *pb.Job) (*pb.Job, error) {
	changes, err := service.WatchJob(ctx, &pb.WatchJobRequest{Id: job.Id})
	if err != nil {
		return nil, err
	}
	for {
		change, err := changes.Recv()
		if errors.Is(err, io.EOF) { // the stream ends when the job has
			return job, nil
		}
		if err != nil {
			return nil, err
		}
		job = change.Job
		fmt.Println(job.State, job.GetProgress().GetRowsDone())
	}
}

func download(ctx context.Context, service pb.ExportServiceClient, job *pb.Job, path string) error {
	token, err := service.CreateDownloadToken(ctx, &pb.CreateDownloadTokenRequest{Id: job.Id})
	if err != nil {
		return err
	}
	parts, err := service.Download(ctx, &pb.DownloadRequest{Token: token.Token})
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	digest := sha256.New()
	for {
		part, err := parts.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		// empty in the first part, the header
		if _, err := io.MultiWriter(file, digest).Write(part.GetChunk()); err != nil {
			return err
		}
	}
	if hex.EncodeToString(digest.Sum(nil)) != job.File.Sha256 {
		return errors.New("the file is not whole")
	}
	return file.Close()
}

func main() {
	if err := export(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}
