// SPDX-License-Identifier: Apache-2.0
#include "net/aws_profile.h"

#include <ctype.h>
#include <string.h>

#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* The reader of ~/.aws/credentials and ~/.aws/config. What the settings mean is aws_credential.c's.
 */

static void wipe(void *text)
{
	explicit_bzero(text, strlen(text));
	free(text);
}

void aws_profile_free(struct aws_profile *p)
{
	map_free(&p->settings);
	free(p->where);
	*p = (struct aws_profile){ 0 };
}

const char *aws_profile_get(const struct aws_profile *p, const char *key)
{
	const char *value = map_text(&p->settings, key);

	return value && value[0] ? value : NULL;
}

/* Whether "[...]" is the profile; 1 yes, 0 no, -1 not a section at all. */
static int match_section(struct slice line, const char *name, bool config)
{
	struct slice title;

	if (line.len < 2 || line.ptr[line.len - 1] != ']')
		return -1;
	title = slice_trim((struct slice){ line.ptr + 1, line.len - 2 }, " \t");
	if (config && slice_has_prefix(title, "profile") && title.len > 7 &&
	    strchr(" \t", title.ptr[7]))
		title = slice_trim((struct slice){ title.ptr + 7, title.len - 7 }, " \t");
	else if (config && !slice_eq(title, "default"))
		return 0; /* [sso-session x], [services x] */
	title = slice_trim(title, "\"'");
	return slice_eq(title, name);
}

/* Up to " #" or " ;", which begin a comment. */
static struct slice cut_comment(struct slice value)
{
	for (size_t i = 1; i < value.len; i++)
		if ((value.ptr[i] == '#' || value.ptr[i] == ';') && strchr(" \t", value.ptr[i - 1]))
			return (struct slice){ value.ptr, i };
	return value;
}

static void put_setting(struct aws_profile *out, struct slice key, struct slice value)
{
	AUTO(auto_free) char *name = mem_strndup(key.ptr, key.len);

	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (!map_has(&out->settings, name))
		map_put(&out->settings, name, mem_strndup(value.ptr, value.len));
}

bool aws_profile_parse(struct aws_profile *out, const char *text, size_t len, const char *file,
		       const char *name, bool config, struct err *err)
{
	struct slice rest = { text, len };
	bool inside = false;

	out->settings.free_value = wipe;
	for (int number = 1; rest.ptr; number++) {
		struct slice raw = slice_cut(rest, '\n', &rest), value;
		struct slice line = slice_trim(raw, " \t\r"), key;
		int section = -1;

		if (!line.len || line.ptr[0] == '#' || line.ptr[0] == ';')
			continue;
		if (line.ptr[0] == '[') {
			line = slice_trim(cut_comment(line), " \t");
			section = match_section(line, name, config);
			inside = section > 0;
			if (inside && !out->where)
				out->where = mem_printf("%s [%s]", file, name);
			if (section >= 0)
				continue;
		}
		if (section < 0 && (raw.ptr[0] == ' ' || raw.ptr[0] == '\t'))
			continue; /* belongs to the setting before it */
		key = slice_trim(slice_cut(line, '=', &value), " \t");
		if (line.ptr[0] == '[' || !value.ptr || !key.len) {
			/* The line is not shown: it may hold a secret. */
			err_set(err, E_INPUT, "%s:%d: neither [section] nor key = value", file,
				number);
			return err_at(err, file, number, 1, "", 0);
		}
		if (inside)
			put_setting(out, key, slice_trim(cut_comment(value), " \t"));
	}
	return true;
}

static bool read_file(struct aws_profile *out, const char *variable, const char *usual,
		      const char *name, bool config, struct err *err)
{
	const char *named = env_get(variable);
	AUTO(auto_free)
	char *path = named ? mem_strdup(named) : mem_printf("%s/.aws/%s", env_home(), usual);
	struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	struct err why = { 0 };
	bool ok = fs_read_path(&text, path, LIMIT_SETTINGS_FILE, &why);

	if (ok)
		ok = aws_profile_parse(out, text.ptr, text.len, path, name, config, &why);
	else if (why.code == E_NOT_FOUND)
		ok = true;
	if (text.cap)
		explicit_bzero(text.ptr, text.cap);
	buf_free(&text);
	if (!ok)
		*err = why;
	return ok;
}

bool aws_profile_read(struct aws_profile *out, const char *name, struct err *err)
{
	return read_file(out, "AWS_SHARED_CREDENTIALS_FILE", "credentials", name, false, err) &&
	       read_file(out, "AWS_CONFIG_FILE", "config", name, true, err);
}
