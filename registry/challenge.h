// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_CHALLENGE_H
#define REGISTRY_CHALLENGE_H

#include <stddef.h>

/*
 * WWW-Authenticate (RFC 9110, 11.6.1) as registries write it: repeated headers, several challenges
 * in one header, values quoted or not. Pure; what it cannot read it skips, since a server's oddity
 * must not hide the challenge beside it.
 */
enum challenge_kind { CHALLENGE_OTHER, CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
	enum challenge_kind kind;
	char *scheme;                          /* lower case */
	char *realm, *service, *scope, *error; /* NULL when absent */
};

struct challenges {
	struct challenge *items;
	size_t len, cap;
};
void challenges_free(struct challenges *c);
void challenges_add(struct challenges *c, const char *header_value);

/* Bearer (with a realm) when there is one, else Basic, else NULL. */
const struct challenge *challenges_pick(const struct challenges *c);

#endif
