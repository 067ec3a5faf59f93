// SPDX-License-Identifier: Apache-2.0
#include "python/requirements_option.h"

#include <string.h>

#include "base/mem.h"

/* Which options there are, and how they are written. */

/* clang-format off */
static const struct row {
	const char *name;
	char letter;
	bool takes_value;
	bool of_requirement;
	enum requirements_option_kind kind;
} rows[] = {
	{ "--index-url",         'i', true,  false, OPTION_INDEX },
	{ "--pypi-url",          0,   true,  false, OPTION_INDEX },
	{ "--extra-index-url",   0,   true,  false, OPTION_EXTRA_INDEX },
	{ "--no-index",          0,   false, false, OPTION_NO_INDEX },
	{ "--constraint",        'c', true,  false, OPTION_CONSTRAINT },
	{ "--requirement",       'r', true,  false, OPTION_REQUIREMENT },
	{ "--editable",          'e', true,  false, OPTION_EDITABLE },
	{ "--find-links",        'f', true,  false, OPTION_FIND_LINKS },
	{ "--no-binary",         0,   true,  false, OPTION_NO_BINARY },
	{ "--only-binary",       0,   true,  false, OPTION_ONLY_BINARY },
	{ "--prefer-binary",     0,   false, false, OPTION_PREFER_BINARY },
	{ "--require-hashes",    0,   false, false, OPTION_REQUIRE_HASHES },
	{ "--no-require-hashes", 0,   false, false, OPTION_NO_REQUIRE_HASHES },
	{ "--pre",               0,   false, false, OPTION_PRE },
	{ "--all-releases",      0,   true,  false, OPTION_ALL_RELEASES },
	{ "--only-final",        0,   true,  false, OPTION_ONLY_FINAL },
	{ "--trusted-host",      0,   true,  false, OPTION_TRUSTED_HOST },
	{ "--use-feature",       0,   true,  false, OPTION_USE_FEATURE },
	{ "--hash",              0,   true,  true,  OPTION_HASH },
	{ "--config-settings",   'C', true,  true,  OPTION_BUILD },
	{ "--config-setting",    0,   true,  true,  OPTION_BUILD },
	{ "--global-option",     0,   true,  true,  OPTION_BUILD },
	{ "--install-option",    0,   true,  true,  OPTION_BUILD },
};

/* pip's --use-feature, of all its versions; none changes what is installed here. */
static const char *const features[] = {
	"2020-resolver", "build-constraint", "fast-deps", "in-tree-build", "inprocess-build-deps",
	"no-binary-enable-wheel-cache", "truststore",
};
/* clang-format on */

static bool fail_unknown(struct slice name, struct err *err)
{
	const char *names[ARRAY_LEN(rows)], *nearest;
	AUTO(auto_free) char *copy = mem_strndup(name.ptr, name.len);

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		names[i] = rows[i].name;
	nearest = str_nearest(copy, names, ARRAY_LEN(names));
	err_set(err, E_INPUT, "unknown option %s", copy);
	if (nearest)
		return err_hint(err, "did you mean %s?", nearest);
	return false;
}

static const struct row *find_letter(char letter)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].letter && rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

/* A long name, or the beginning of just one: both spellings of --config-settings are one. */
static bool find_name(const struct row **out, struct slice name, struct err *err)
{
	const struct row *found = NULL;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (slice_eq(name, rows[i].name)) {
			*out = &rows[i];
			return true;
		}
		if (strncmp(rows[i].name, name.ptr, name.len) != 0)
			continue;
		if (found && found->kind != rows[i].kind)
			return err_set(err, E_INPUT, SLICE_FMT " may be %s or %s", SLICE_ARG(name),
				       found->name, rows[i].name);
		found = found ? found : &rows[i];
	}
	*out = found;
	return (found && name.len > 2) || fail_unknown(name, err);
}

/* The row of a word, and the value that stands in the same word. */
static bool find_row(const struct row **out, const char **value, const char *word, struct err *err)
{
	struct slice rest, name = slice_cut(slice_of(word), '=', &rest);

	if (word[0] != '-' || !word[1])
		return err_set(err, E_INPUT, "'%s' cannot stand among options", word);
	if (word[1] == '-') {
		*value = rest.ptr;
		return find_name(out, name, err);
	}
	*value = word[2] ? word + 2 : NULL;
	*out = find_letter(word[1]);
	return *out || fail_unknown((struct slice){ word, 2 }, err);
}

bool requirements_option_take(struct requirements_option *out, const struct line_word *words,
			      size_t count, size_t *i, size_t *at, struct err *err)
{
	const struct line_word *word = &words[(*i)++];
	const struct row *row = NULL;
	const char *value = NULL;

	*at = word->offset;
	if (!find_row(&row, &value, word->text, err))
		return false;
	*out = (struct requirements_option){ .kind = row->kind,
					     .name = row->name,
					     .of_requirement = row->of_requirement,
					     .value = value,
					     .offset = word->offset };
	if (!row->takes_value)
		return !value || err_set(err, E_INPUT, "%s takes no value", row->name);
	if (!value) {
		if (*i == count)
			return err_set(err, E_INPUT, "%s needs a value", row->name);
		out->offset = words[*i].offset;
		out->value = words[(*i)++].text;
	}
	*at = out->offset;
	return true;
}

bool requirements_option_check_feature(const char *name, struct err *err)
{
	const char *nearest;

	for (size_t i = 0; i < ARRAY_LEN(features); i++)
		if (str_eq(name, features[i]))
			return true;
	nearest = str_nearest(name, features, ARRAY_LEN(features));
	err_set(err, E_INPUT, "no pip has a feature '%s'", name);
	if (nearest)
		return err_hint(err, "did you mean %s?", nearest);
	return false;
}
