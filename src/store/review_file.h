/*
 * A journal's file as its readers see it: plain, or compressed by gzip(1).
 * A struct review_file owns what it opened, until csp_review_file_close.
 * errno says why a file cannot be opened or read.
 */
#ifndef CSP_REVIEW_FILE_H
#define CSP_REVIEW_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct review_file {
	void *stream;
};

/* To be read from `offset` on, octets of what is in it. In a compressed file all that stands before is read through. */
bool csp_review_file_open(struct review_file *out, const char *path, uint64_t offset);

/* A lines_read (lines.h); `source` is a struct review_file. */
ssize_t csp_review_file_read(void *source, char *out, size_t size);

/* Octets of the file itself that were read. */
uint64_t csp_review_file_progress(const struct review_file *file);

/* False: the file is a compressed one that ends too early. */
bool csp_review_file_close(struct review_file *file);

#endif
