// SPDX-License-Identifier: Apache-2.0
#include "builder/duration.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* Go's time.ParseDuration and Duration.String, as far as they agree on what is sensible. */

struct unit {
	const char *name;
	int64_t ns;
};

/* longer names first, so that "ms" is not read as "m" */
static const struct unit units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\xc2\xb5s", 1000 },
	{ "\xce\xbcs", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000LL },
	{ "m", 60 * 1000000000LL },
	{ "h", 3600 * 1000000000LL },
};

static const struct unit *take_unit(const char **text)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (str_has_prefix(*text, units[i].name)) {
			*text += strlen(units[i].name);
			return &units[i];
		}
	}
	return NULL;
}

static bool take_part(int64_t *sum, const char **text)
{
	size_t digits = strspn(*text, "0123456789");
	struct slice whole = { .ptr = *text, .len = digits };
	struct slice fraction = { 0 };
	const struct unit *unit;
	uint64_t value = 0;
	int64_t part;

	if (digits && !str_to_u64(&value, whole, INT64_MAX))
		return false;
	*text += digits;
	if (**text == '.') {
		(*text)++;
		fraction = (struct slice){ .ptr = *text, .len = strspn(*text, "0123456789") };
		*text += fraction.len;
	}
	if (!digits && !fraction.len)
		return false;
	unit = take_unit(text);
	if (!unit || __builtin_mul_overflow((int64_t)value, unit->ns, &part))
		return false;
	for (int64_t scale = unit->ns / 10; fraction.len && scale; scale /= 10) {
		if (__builtin_add_overflow(part, (fraction.ptr[0] - '0') * scale, &part))
			return false;
		fraction.ptr++;
		fraction.len--;
	}
	return !__builtin_add_overflow(*sum, part, sum);
}

bool duration_parse(int64_t *out, const char *text, struct err *err)
{
	const char *p = text;
	int64_t sum = 0;

	if (str_eq(text, "0")) {
		*out = 0;
		return true;
	}
	do {
		if (!take_part(&sum, &p)) {
			err_set(err, E_INPUT, "'%s' is no duration", text);
			return err_hint(err, "for example 30s, 1m30s, 500ms");
		}
	} while (*p);
	*out = sum;
	return true;
}

/* "1.5" of 1500 thousandths, without trailing zeros. */
static void put_fraction(char *out, size_t size, int64_t ns, int64_t unit, const char *name)
{
	char digits[24];
	int64_t whole = ns / unit;
	int64_t rest = ns % unit;
	size_t len = 0;

	while (rest && unit > 1 && len + 1 < sizeof(digits)) {
		unit /= 10;
		digits[len++] = (char)('0' + rest / unit);
		rest %= unit;
	}
	digits[len] = '\0';
	snprintf(out, size, "%lld%s%s%s", (long long)whole, len ? "." : "", digits, name);
}

struct duration_text duration_format(int64_t ns)
{
	struct duration_text out = { "0s" };
	const int64_t second = 1000000000LL;
	int64_t minutes = ns / (60 * second);
	char seconds[40];

	if (!ns)
		return out;
	if (ns < 1000)
		put_fraction(out.text, sizeof(out.text), ns, 1, "ns");
	else if (ns < 1000000)
		put_fraction(out.text, sizeof(out.text), ns, 1000, "\xc2\xb5s");
	else if (ns < second)
		put_fraction(out.text, sizeof(out.text), ns, 1000000, "ms");
	if (ns < second)
		return out;
	put_fraction(seconds, sizeof(seconds), ns % (60 * second), second, "s");
	if (minutes >= 60)
		snprintf(out.text, sizeof(out.text), "%lldh%lldm%.30s", (long long)(minutes / 60),
			 (long long)(minutes % 60), seconds);
	else if (minutes)
		snprintf(out.text, sizeof(out.text), "%lldm%.30s", (long long)minutes, seconds);
	else
		snprintf(out.text, sizeof(out.text), "%.30s", seconds);
	return out;
}
