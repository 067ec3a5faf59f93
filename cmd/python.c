// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "python/query.h"

/* rtbuild python: what is known of Python's versions, requirements and wheels. */

struct query_args {
	char unused;
};

static const struct opt query_opts[] = { OPT_END };

static bool answer_line(const char *line, struct err *err)
{
	AUTO(auto_json_decref) json_t *ask = NULL;
	AUTO(auto_json_decref) json_t *answer = NULL;
	AUTO(auto_free) char *text = NULL;
	size_t len = strlen(line);

	if (len == LIMIT_QUERY && line[len - 1] != '\n')
		return err_set(err, E_INPUT, "a question of more than %d bytes", LIMIT_QUERY);
	if (!json_parse(&ask, line, len, "question", err) || !query_answer(&answer, ask, err))
		return false;
	text = json_text(answer, &len);
	return session_print(text, err);
}

static bool query(struct session *s, void *arg, struct err *err)
{
	AUTO(auto_free) char *line = mem_alloc(LIMIT_QUERY + 1);

	(void)s;
	(void)arg;
	for (int number = 1; fgets(line, LIMIT_QUERY + 1, stdin); number++) {
		if (!answer_line(line, err))
			return err_wrap(err, "stdin:%d", number);
	}
	return !ferror(stdin) || err_set(err, E_IO, "cannot read stdin");
}

static const struct cmd python_query = {
	.name = "query",
	.summary = "answer questions on stdin, a JSON object a line, in order",
	.about = "Ops: version_parse, version_cmp, specifier_parse, specifier, filter, "
		 "marker_parse, "
		 "marker, requirement, name, wheel_filename, wheel_rank, requirements_file.",
	.example = "  echo '{\"op\":\"version_cmp\",\"a\":\"1.0rc1\",\"b\":\"1.0\"}' | rtbuild "
		   "python query",
	.opts = query_opts,
	.args_size = sizeof(struct query_args),
	.run = query,
};

static const struct cmd *const subs[] = { &cmd_python_lock, &cmd_python_install, &cmd_python_target,
					  &python_query, NULL };

const struct cmd cmd_python = {
	.name = "python",
	.summary = "lock packages for another Python; targets; versions and wheels",
	.subs = subs,
};
