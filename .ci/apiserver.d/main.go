// Package main is a Kubernetes API server that answers one question: would it take this object?
//
// It runs etcd and kube-apiserver on loopback in one process, reads one request a line on standard input, and writes
// one answer a line on standard output. Objects are sent with dryRun=All, so nothing is kept.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Question is one line of standard input.
type Question struct {
	// ID comes back in the answer.
	ID int `json:"id"`
	// Path of the collection, such as /api/v1/namespaces/default/services.
	Path string `json:"path"`
	// Manifest as YAML or JSON.
	Manifest string `json:"manifest"`
}

// Answer is one line of standard output.
type Answer struct {
	ID       int    `json:"id"`
	Accepted bool   `json:"accepted"`
	Code     int    `json:"code"`
	Message  string `json:"message,omitempty"`
	// Warnings of the API server, for objects that it takes.
	Warnings []string `json:"warnings,omitempty"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "apiserver:", err)
		os.Exit(2)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	dir, err := os.MkdirTemp("", "netloom-apiserver-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	server, err := start(ctx, dir)
	if err != nil {
		return err
	}
	if err := server.ready(ctx); err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	answers := json.NewEncoder(out)
	questions := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	for questions.More() && ctx.Err() == nil {
		var q Question
		if err := questions.Decode(&q); err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		answer, err := server.ask(ctx, q)
		if err != nil {
			return err
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
	return ctx.Err()
}
