// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_ECR_H
#define REGISTRY_ECR_H

#include "net/http.h"
#include "registry/credentials.h"

/*
 * Amazon ECR without helper or SDK: its hosts, its logins (GetAuthorizationToken, signed with the
 * AWS credential that net/aws.h finds), its repositories, which must exist before a push.
 */
struct ecr_host {
	bool is_public; /* public.ecr.aws, one for the world */
	char account[13], region[32];
	char endpoint[160]; /* of its control plane: "https://api.ecr.REGION.amazonaws.com" */
};

/*
 * ACCOUNT.dkr.ecr[-fips].REGION.amazonaws.com[.cn], ACCOUNT.dkr-ecr[-fips].REGION.on.aws and their
 * kin in other partitions (the pattern of amazon-ecr-credential-helper), or public.ecr.aws. False:
 * another registry.
 */
bool ecr_host_parse(struct ecr_host *out, const char *host);

/* *where_out (owned) says whose credential it is. No AWS credential at all: success, both empty.
 * The password is good for 12 hours, and kept in memory only. */
MUST_CHECK bool ecr_login(struct credential *out, char **where_out, struct http *http,
			  const char *host, struct events *events, struct err *err);

/* CreateRepository; *made_out false when it was there already. */
MUST_CHECK bool ecr_create_repository(bool *made_out, struct http *http, const char *host,
				      const char *repository, struct err *err);

#endif
