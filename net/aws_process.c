// SPDX-License-Identifier: Apache-2.0
#include "net/aws_process.h"

#include <string.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"

/* credential_process: running it, and reading what it says. */

static void wipe_buf(struct buf *b)
{
	if (b->cap)
		explicit_bzero(b->ptr, b->cap);
	buf_free(b);
}

/* RFC 3339 in UTC sorts as text does; other zones are not written by the SDKs. */
static bool has_expired(const char *expiration, int64_t now)
{
	struct clock_text text = clock_format(now);

	return expiration && strncmp(expiration, text.text, strlen("2026-11-21T11:01:29")) <= 0;
}

bool aws_process_parse(struct aws_credential *out, const char *text, size_t len, const char *where,
		       int64_t now, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	const char *key, *secret, *session;
	struct err why = { 0 }; /* may show what it printed */

	if (!json_parse(&doc, text, len, "credential_process", &why))
		return err_set(err, E_INPUT, "%s: credential_process printed no JSON document",
			       where);
	if (json_integer_value(json_object_get(doc, "Version")) != 1)
		return err_set(err, E_INPUT, "%s: credential_process: its Version is not 1", where);
	key = json_text_member(doc, "AccessKeyId");
	secret = json_text_member(doc, "SecretAccessKey");
	session = json_text_member(doc, "SessionToken");
	if (!key || !key[0] || !secret || !secret[0])
		return err_set(err, E_INPUT,
			       "%s: credential_process gave no AccessKeyId and SecretAccessKey",
			       where);
	if (has_expired(json_text_member(doc, "Expiration"), now))
		return err_set(err, E_AUTH,
			       "%s: credential_process gave a credential that has expired", where);
	*out = (struct aws_credential){
		.key = mem_strdup(key),
		.secret = mem_strdup(secret),
		.session = session && session[0] ? mem_strdup(session) : NULL,
		.where = mem_printf("credential_process of %s", where),
	};
	return true;
}

bool aws_process_credential(struct aws_credential *out, const char *command, const char *where,
			    struct err *err)
{
	AUTO(wipe_buf) struct buf answer = BUF_INIT(LIMIT_TOKEN_ANSWER);
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	const struct proc_spec spec = {
		.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = 2
	};
	int seconds = env_seconds("RTBUILD_HELPER_TIMEOUT", LIMIT_HELPER_S, LIMIT_HELPER_MOST_S);
	int status;

	if (!proc_capture(&status, &answer, NULL, &spec, NULL, seconds * 1000, err)) {
		if (err->code == E_IO)
			err_hint(err, "$RTBUILD_HELPER_TIMEOUT gives it more than %d seconds",
				 seconds);
		return err_wrap(err, "%s: credential_process", where);
	}
	if (status != 0)
		return err_set(err, E_AUTH, "%s: credential_process failed with status %d", where,
			       status);
	return aws_process_parse(out, answer.ptr, answer.len, where, clock_wall(), err);
}
