// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "python/query.h"

/* rtbuild python query: a question a line on stdin, its answer a line on stdout. */

struct query_args {
	char unused;
};

static const struct opt opts[] = { OPT_END };

struct question {
	char *text; /* LIMIT_QUERY bytes */
	size_t len;
	bool is_too_long; /* the rest of the line was passed over */
};

static void question_free(struct question *q)
{
	free(q->text);
}

/* *more_out false: stdin has ended. Lines may hold anything, NUL bytes too. */
static bool read_question(struct question *q, bool *more_out, struct err *err)
{
	int c;

	q->len = 0;
	q->is_too_long = false;
	while ((c = getc(stdin)) != EOF && c != '\n') {
		if (q->len == LIMIT_QUERY)
			q->is_too_long = true;
		else
			q->text[q->len++] = (char)c;
	}
	*more_out = c != EOF || q->len;
	return !ferror(stdin) || err_set(err, E_IO, "cannot read stdin");
}

static bool is_blank(const struct question *q)
{
	return !q->is_too_long &&
	       !slice_trim((struct slice){ .ptr = q->text, .len = q->len }, " \t\r").len;
}

static bool answer(json_t **out, const struct question *q, struct err *err)
{
	AUTO(auto_json_decref) json_t *ask = NULL;

	if (q->is_too_long)
		return err_set(err, E_INPUT, "a question of more than %d bytes", LIMIT_QUERY);
	return json_parse(&ask, q->text, q->len, "question", err) && query_answer(out, ask, err);
}

/* What could not be answered has a line too, so that a script can count on their order. */
static json_t *answer_of_failure(const struct err *why)
{
	AUTO(auto_free)
	char *text = mem_printf("%s%s%s", why->msg, why->hint[0] ? "; " : "", why->hint);
	AUTO(auto_free) char *shown = str_printable(text, strlen(text), sizeof(why->msg));
	json_t *doc = json_object();

	json_object_set_new(doc, "error", json_string(shown));
	return doc;
}

/* A question is one line: where an error is in it is where it is in stdin. */
static void place_in_stdin(struct err *why, int line)
{
	if (!why->at.line) {
		err_wrap(why, "stdin:%d", line);
		return;
	}
	why->at.line = line;
	snprintf(why->at.file, sizeof(why->at.file), "stdin");
}

static bool print_answer(const json_t *answer, struct err *err)
{
	size_t len;
	AUTO(auto_free) char *text = json_text(answer, &len);

	return session_print(text, err);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	AUTO(question_free) struct question q = { .text = mem_alloc(LIMIT_QUERY) };
	struct err first = { 0 };
	size_t asked = 0, failed = 0;
	bool more = true;

	(void)s;
	(void)arg;
	for (int line = 1; read_question(&q, &more, err) && more; line++) {
		AUTO(auto_json_decref) json_t *doc = NULL;
		struct err why = { 0 };

		if (is_blank(&q))
			continue;
		asked++;
		if (!answer(&doc, &q, &why)) {
			doc = answer_of_failure(&why);
			place_in_stdin(&why, line);
			first = failed++ ? first : why;
		}
		if (!print_answer(doc, err))
			return false;
	}
	if (err->code || !failed)
		return !err->code;
	*err = first;
	if (failed > 1)
		err_wrap(err, "%zu of %zu questions have no answer, the first", failed, asked);
	return false;
}

const struct cmd cmd_python_query = {
	.name = "query",
	.summary = "answer questions on stdin, a JSON object a line, in order",
	.about = "Ops: version_parse, version_cmp, specifier_parse, specifier, filter, "
		 "marker_parse, marker, requirement, name, wheel_filename, wheel_rank, "
		 "requirements_file. What is no question is answered by {\"error\": ...} in its "
		 "place, and the exit status is 3.",
	.example = "  echo '{\"op\":\"version_cmp\",\"a\":\"1.0rc1\",\"b\":\"1.0\"}' | rtbuild "
		   "python query",
	.opts = opts,
	.args_size = sizeof(struct query_args),
	.run = run,
};
