// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_LOGS_H
#define IMAGE_LOGS_H

#include "base/sink.h"
#include "image/store.h"

/*
 * Output that is kept whole: one log a RUN step or `rtbuild run`, in the store's
 * logs/. <id>.log holds the raw bytes as they came, <id>.json what it is about; the writer holds a
 * lock on the .log, so that a reader knows whether more can come. Ids sort by time of start.
 */
struct log;

/* `kind` is "run" or "build", `what` the command line or instruction. */
MUST_CHECK bool log_open(struct log **out, struct store *s, const char *kind, const char *what,
			 struct err *err);
struct sink *log_sink(struct log *l);      /* thread-safe: one write is one piece */
const char *log_path(const struct log *l); /* absolute, of the .log */
/* The last `lines` lines, at most `max` bytes. */
MUST_CHECK bool log_tail(struct buf *out, struct log *l, size_t lines, struct err *err);
MUST_CHECK bool log_finish(struct log *l, int status, struct err *err);
void log_close(struct log *l); /* one that was not finished stays as "interrupted" */
DEFINE_AUTO(struct log, log_close)

struct log_entry {
	const char *id, *kind, *what;
	int64_t started, ended; /* seconds; ended 0: not yet */
	int64_t status;         /* exit status; counts when ended */
	bool running;           /* its writer lives */
	int64_t size;
};
struct log_list {
	struct log_entry *items; /* oldest first */
	size_t len, cap;
	struct arena arena;
};
MUST_CHECK bool log_list(struct log_list *out, struct store *s, struct err *err);
void log_list_free(struct log_list *l);

/* One by id or unambiguous beginning of it; NULL: the newest. E_NOT_FOUND. */
MUST_CHECK bool log_find(struct log_entry *out, struct log_list *from, const char *id,
			 struct err *err);

/* All bytes to the sink; with `follow`, until the writer has ended. *status_out as in the entry, -1
 * when it was interrupted. */
MUST_CHECK bool log_copy(struct store *s, const char *id, bool follow, struct sink *to,
			 int *status_out, struct err *err);

#endif
