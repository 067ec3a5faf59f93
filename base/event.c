// SPDX-License-Identifier: Apache-2.0
#include "base/event.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

/* Events on their way up, and the interruption flag on its way down. */

static void emit(struct events *to, const struct event *event)
{
	if (to)
		to->emit(to, event);
}

static void PRINTF_LIKE(4, 0) emit_text(struct events *to, enum event_kind kind, uint64_t task,
					const char *fmt, va_list ap)
{
	AUTO(auto_free) char *text = NULL;

	if (!to)
		return;
	if (fmt && vasprintf(&text, fmt, ap) < 0)
		return;
	emit(to, &(struct event){ .kind = kind, .task = task, .text = text });
}

uint64_t event_start(struct events *to, const char *fmt, ...)
{
	static _Atomic uint64_t last;
	uint64_t task = atomic_fetch_add(&last, 1) + 1;
	va_list ap;

	va_start(ap, fmt);
	emit_text(to, EVENT_STARTED, task, fmt, ap);
	va_end(ap);
	return task;
}

void event_progress(struct events *to, uint64_t task, uint64_t done, uint64_t total)
{
	emit(to,
	     &(struct event){ .kind = EVENT_PROGRESS, .task = task, .done = done, .total = total });
}

void event_output(struct events *to, uint64_t task, const char *data, size_t len)
{
	emit(to, &(struct event){ .kind = EVENT_OUTPUT, .task = task, .text = data, .len = len });
}

void event_done(struct events *to, uint64_t task, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_text(to, EVENT_DONE, task, fmt, ap);
	va_end(ap);
}

void event_failed(struct events *to, uint64_t task)
{
	emit(to, &(struct event){ .kind = EVENT_FAILED, .task = task });
}

void event_note(struct events *to, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_text(to, EVENT_NOTE, 0, fmt, ap);
	va_end(ap);
}

void event_detail(struct events *to, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_text(to, EVENT_DETAIL, 0, fmt, ap);
	va_end(ap);
}

void event_warn(struct events *to, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_text(to, EVENT_WARNING, 0, fmt, ap);
	va_end(ap);
}

void event_reason(struct events *to, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_text(to, EVENT_REASON, 0, fmt, ap);
	va_end(ap);
}

static volatile atomic_bool cancelled; /* by the user */
static volatile atomic_bool aborted;   /* by a worker of a group */
static int cancel_event = -1;

void cancel_init(void)
{
	if (cancel_event < 0)
		cancel_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

/* Also in a signal handler. */
static void wake_all(void)
{
	uint64_t one = 1;

	if (cancel_event >= 0) {
		ssize_t ignored = write(cancel_event, &one, sizeof(one));

		(void)ignored;
	}
}

void cancel_request(void)
{
	atomic_store(&cancelled, true);
	wake_all();
}

void cancel_group_abort(void)
{
	atomic_store(&aborted, true);
	wake_all();
}

void cancel_group_end(void)
{
	uint64_t count;

	if (!atomic_exchange(&aborted, false))
		return;
	if (cancel_event >= 0) {
		ssize_t ignored = read(cancel_event, &count, sizeof(count));

		(void)ignored;
	}
	/* an interruption may have come just before the read took its sign */
	if (atomic_load(&cancelled))
		wake_all();
}

bool cancel_requested(void)
{
	return atomic_load(&cancelled) || atomic_load(&aborted);
}

bool cancel_check(struct err *err)
{
	if (cancel_requested())
		return err_set(err, E_CANCELLED, "interrupted");
	return true;
}

int cancel_fd(void)
{
	return cancel_event;
}
