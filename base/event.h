// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_EVENT_H
#define BASE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/*
 * What happened, as data. Libraries emit, cmd/ renders (tty, plain, JSON
 * lines). A task is a thing with a name that starts, progresses and ends.
 */
enum event_kind {
	EVENT_STARTED,  /* task began; text: what it is */
	EVENT_PROGRESS, /* done of total (total 0: not known), bytes */
	EVENT_OUTPUT,   /* text: a piece of output of a RUN step, unsafe bytes included */
	EVENT_DONE,     /* task ended well; text: result ("cached", a digest) or NULL */
	EVENT_FAILED,   /* task ended badly */
	EVENT_NOTE,     /* text: something worth knowing; shown unless -q */
	EVENT_DETAIL,   /* text: shown with -v */
	EVENT_WARNING,  /* text: shown even with -q */
	EVENT_REASON,   /* text: why what fails next does; shown even with -q */
};

struct event {
	enum event_kind kind;
	uint64_t task;    /* 0 for notes and warnings that belong to no task */
	const char *text; /* borrowed for the call */
	size_t len;       /* of EVENT_OUTPUT */
	uint64_t done, total;
};

/* Passed down by value-pointer; `emit` may be called from any thread. NULL events are fine: nothing
 * is shown. */
struct events {
	void (*emit)(struct events *self, const struct event *event);
};

uint64_t event_start(struct events *to, const char *fmt, ...)
	PRINTF_LIKE(2, 3); /* a new task's id */
void event_progress(struct events *to, uint64_t task, uint64_t done, uint64_t total);
void event_output(struct events *to, uint64_t task, const char *data, size_t len);
void event_done(struct events *to, uint64_t task, const char *fmt, ...) PRINTF_LIKE(3, 4);
void event_failed(struct events *to, uint64_t task);
void event_note(struct events *to, const char *fmt, ...) PRINTF_LIKE(2, 3);
void event_detail(struct events *to, const char *fmt, ...) PRINTF_LIKE(2, 3);
void event_warn(struct events *to, const char *fmt, ...) PRINTF_LIKE(2, 3);
void event_reason(struct events *to, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * Interruption: the one global. main's handler calls cancel_request; long
 * loops ask cancel_check and pass its E_CANCELLED on. cancel_fd is readable from then on, for poll.
 */
void cancel_init(void);
void cancel_request(void); /* async-signal-safe */
bool cancel_requested(void);
MUST_CHECK bool cancel_check(struct err *err); /* false with E_CANCELLED */
int cancel_fd(void);

/*
 * One of several workers failed, and what the others do is of no use any more: from abort on, they
 * find everything above as after an interruption. `end`, when all of them are through, takes that
 * back; an interruption stays. One group at a time.
 */
void cancel_group_abort(void);
void cancel_group_end(void);

#endif
