// SPDX-License-Identifier: Apache-2.0
#include "net/retry.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/str.h"

/* The policy of repetition as arithmetic; net/http.c carries it out. */

bool retry_status(int status, const char *method)
{
	static const int always[] = { 408, 429, 502, 503, 504 };

	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		if (status == always[i])
			return true;
	return status == 500 && !str_eq(method, "POST") && !str_eq(method, "PATCH");
}

/* HTTP's names are fixed, so strptime, which asks the locale, is not for them. */
static int month_of(struct slice name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int m = 0; m < 12; m++)
		if (name.len == 3 && memcmp(months + 3 * m, name.ptr, 3) == 0)
			return m;
	return -1;
}

static bool number(int *out, struct slice text, uint64_t max)
{
	uint64_t value;

	if (!str_to_u64(&value, text, max))
		return false;
	*out = (int)value;
	return true;
}

/* "08:49:37" */
static bool time_of_day(struct tm *tm, struct slice text)
{
	struct slice rest;

	return number(&tm->tm_hour, slice_cut(text, ':', &rest), 23) && rest.ptr &&
	       number(&tm->tm_min, slice_cut(rest, ':', &rest), 59) && rest.ptr &&
	       number(&tm->tm_sec, rest, 60);
}

/* Where the parts of each form of RFC 9110, 5.6.7 are, once '-' and ',' are blanks. */
static const struct date_form {
	size_t words;
	int day, month, year, time;
} date_forms[] = {
	{ 6, 1, 2, 3, 4 }, /* Sun, 06 Nov 1994 08:49:37 GMT and Sunday, 06-Nov-94 08:49:37 GMT */
	{ 5, 2, 1, 4, 3 }, /* Sun Nov  6 08:49:37 1994 */
};

/* -1 when it is not an HTTP date. */
static int64_t http_date(const char *text)
{
	struct slice words[7], rest = slice_of(text);
	struct tm tm = { 0 };
	size_t count = 0;

	while (rest.ptr && rest.len && count < ARRAY_LEN(words)) {
		size_t skip = strspn(rest.ptr, " ,-"), len = strcspn(rest.ptr + skip, " ,-");

		words[count] = (struct slice){ rest.ptr + skip, len };
		count += len > 0;
		rest = slice_of(rest.ptr + skip + len);
	}
	for (size_t i = 0; i < ARRAY_LEN(date_forms); i++) {
		const struct date_form *f = &date_forms[i];

		if (count != f->words || (f->words == 6 && !slice_eq(words[5], "GMT")))
			continue;
		tm.tm_mon = month_of(words[f->month]);
		if (tm.tm_mon < 0 || !number(&tm.tm_mday, words[f->day], 31) ||
		    !number(&tm.tm_year, words[f->year], 9999) || !time_of_day(&tm, words[f->time]))
			return -1;
		if (words[f->year].len == 2) /* RFC 850; those before 1970 are of this century */
			tm.tm_year += tm.tm_year < 70 ? 2000 : 1900;
		tm.tm_year -= 1900;
		return tm.tm_year < 70 ? -1 : (int64_t)timegm(&tm);
	}
	return -1;
}

int64_t retry_after(const char *value, int64_t now)
{
	struct slice text = slice_trim(slice_of(value), " \t");
	uint64_t seconds;
	int64_t when;

	if (text.len == 0)
		return -1;
	if (str_to_u64(&seconds, text, INT64_MAX))
		return (int64_t)seconds;
	when = http_date(value);
	if (when < 0)
		return -1;
	return when > now ? when - now : 0;
}

int retry_delay_ms(unsigned attempt, unsigned base_ms, unsigned random, int64_t after_s)
{
	enum { LONGEST_MS = 16000 };
	int64_t ms = base_ms;

	for (unsigned i = 1; i < attempt && ms < LONGEST_MS; i++)
		ms *= 2;
	if (ms > LONGEST_MS)
		ms = LONGEST_MS;
	ms = ms / 2 + ms * (random & 0xffff) / 0xffff;
	if (after_s > LIMIT_RETRY_AFTER_S)
		after_s = LIMIT_RETRY_AFTER_S;
	return (int)(after_s * 1000 > ms ? after_s * 1000 : ms);
}
