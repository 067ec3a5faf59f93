// SPDX-License-Identifier: Apache-2.0
#include "registry/ecr.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "net/aws.h"

/* Amazon ECR's control plane. Its registries are spoken to as any other, by client.c. */

/* --- hosts --- */

/* clang-format off */
static const struct partition {
	const char *suffix;    /* behind ".REGION" */
	const char *separator; /* between "dkr" and "ecr" */
	const char *api, *api_fips, *api_suffix;
} partitions[] = {
	{ ".amazonaws.com",             ".", "api.ecr.", "ecr-fips.", ".amazonaws.com" },
	{ ".amazonaws.com.cn",          ".", "api.ecr.", "ecr-fips.", ".amazonaws.com.cn" },
	{ ".on.aws",                    "-", "ecr.",     "ecr-fips.", ".api.aws" },
	{ ".on.amazonwebservices.com.cn", "-", "ecr.",   "ecr-fips.", ".api.amazonwebservices.com.cn" },
	{ ".sc2s.sgov.gov",             ".", "api.ecr.", "ecr-fips.", ".sc2s.sgov.gov" },
	{ ".c2s.ic.gov",                ".", "api.ecr.", "ecr-fips.", ".c2s.ic.gov" },
	{ ".cloud.adc-e.uk",            ".", "api.ecr.", "ecr-fips.", ".cloud.adc-e.uk" },
	{ ".csp.hci.ic.gov",            ".", "api.ecr.", "ecr-fips.", ".csp.hci.ic.gov" },
};
/* clang-format on */

enum { ACCOUNT_LEN = 12 };

static bool parse_in(struct ecr_host *out, const struct partition *p, const char *host)
{
	AUTO(auto_free) char *kind = mem_printf(".dkr%secr", p->separator);
	const char *at = host + ACCOUNT_LEN;
	size_t len = strlen(host), end, region;
	bool fips;

	if (!str_has_suffix(host, p->suffix) || len < ACCOUNT_LEN + strlen(p->suffix) ||
	    strspn(host, "0123456789") != ACCOUNT_LEN || !str_has_prefix(at, kind))
		return false;
	at += strlen(kind);
	fips = str_has_prefix(at, "-fips.");
	at += fips ? strlen("-fips") : 0;
	end = len - strlen(p->suffix);
	if (*at != '.' || (size_t)(at + 1 - host) >= end)
		return false;
	at++;
	region = end - (size_t)(at - host);
	if (region >= sizeof(out->region) ||
	    strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-") != region)
		return false;
	memcpy(out->account, host, ACCOUNT_LEN);
	memcpy(out->region, at, region);
	snprintf(out->endpoint, sizeof(out->endpoint), "https://%s%s%s",
		 fips ? p->api_fips : p->api, out->region, p->api_suffix);
	return true;
}

bool ecr_host_parse(struct ecr_host *out, const char *host)
{
	*out = (struct ecr_host){ 0 };
	if (str_eq(host, "public.ecr.aws")) {
		*out = (struct ecr_host){ .is_public = true,
					  .region = "us-east-1", /* there is no other */
					  .endpoint = "https://api.ecr-public.us-east-1."
						      "amazonaws.com" };
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(partitions); i++)
		if (parse_in(out, &partitions[i], host))
			return true;
	return false;
}

/* --- calls --- */

static bool call(json_t **out, char **code_out, struct http *http, const struct ecr_host *e,
		 const struct aws_credential *c, const char *verb, const char *body,
		 struct err *err)
{
	AUTO(auto_free)
	char *target = mem_printf("%s.%s",
				  e->is_public ? "SpencerFrontendService"
					       : "AmazonEC2ContainerRegistry_V20150921",
				  verb);
	const struct aws_call signed_call = {
		.service = e->is_public ? "ecr-public" : "ecr",
		.region = e->region,
		.endpoint = e->endpoint,
		.override = e->is_public ? "ECR_PUBLIC" : "ECR",
		.target = target,
		.body = body,
	};

	return aws_call(out, code_out, http, c, &signed_call, err);
}

/* base64 of "AWS:PASSWORD". */
static bool take_token(struct credential *out, const char *token, struct err *err)
{
	AUTO(secret_buf_free) struct buf plain = BUF_INIT(LIMIT_TOKEN_ANSWER);
	struct err why = { 0 };
	char *colon;

	if (!token || !str_base64_decode(&plain, slice_of(token), &why) ||
	    !(colon = strchr(plain.ptr, ':')))
		return err_set(err, E_NETWORK, "AWS ecr: the answer holds no login");
	*colon = '\0';
	out->user = mem_strdup(plain.ptr);
	out->password = mem_strdup(colon + 1);
	return true;
}

static bool get_token(struct credential *out, struct http *http, const struct ecr_host *e,
		      const struct aws_credential *c, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *code = NULL;
	json_t *data;

	if (!call(&doc, &code, http, e, c, "GetAuthorizationToken", "{}", err))
		return false;
	data = json_object_get(doc, "authorizationData"); /* a list, but not on ECR Public */
	if (json_is_array(data))
		data = json_array_get(data, 0);
	return take_token(out, json_text_member(data, "authorizationToken"), err);
}

bool ecr_login(struct credential *out, char **where_out, struct http *http, const char *host,
	       struct events *events, struct err *err)
{
	AUTO(aws_credential_free) struct aws_credential c = { 0 };
	struct err why = { 0 };
	struct ecr_host e;

	*out = (struct credential){ 0 };
	*where_out = NULL;
	if (!ecr_host_parse(&e, host))
		return true;
	if (!aws_credential_find(&c, http, e.region, err))
		return err_wrap(err, "login to %s", host);
	if (!c.key) {
		event_detail(events,
			     "%s: no AWS credential in the environment, the shared files, "
			     "the container or the instance",
			     host);
		return true;
	}
	if (!get_token(out, http, &e, &c, &why)) {
		/* Everybody may pull there. */
		if (e.is_public && why.code != E_CANCELLED) {
			event_warn(events, "going on without a login to %s: %s", host, why.msg);
			return true;
		}
		*err = why;
		return err_wrap(err, "login to %s", host);
	}
	*where_out = mem_printf("AWS, %s", c.where);
	return true;
}

bool ecr_create_repository(bool *made_out, struct http *http, const char *host,
			   const char *repository, struct err *err)
{
	AUTO(aws_credential_free) struct aws_credential c = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_json_decref) json_t *request = NULL;
	AUTO(auto_free) char *code = NULL;
	AUTO(auto_free) char *body = NULL;
	struct err why = { 0 };
	struct ecr_host e;

	*made_out = false;
	if (!ecr_host_parse(&e, host))
		return true;
	if (!aws_credential_find(&c, http, e.region, err))
		return err_wrap(err, "create %s/%s", host, repository);
	if (!c.key) {
		err_set(err, E_AUTH, "create %s/%s: there is no AWS credential", host, repository);
		return err_hint(err,
				"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE");
	}
	request = json_pack("{s:s}", "repositoryName", repository);
	if (!e.is_public)
		json_object_set_new(request, "registryId", json_string(e.account));
	body = json_text(request, NULL);
	*made_out = call(&doc, &code, http, &e, &c, "CreateRepository", body, &why);
	if (*made_out || (code && str_eq(code, "RepositoryAlreadyExistsException")))
		return true;
	*err = why;
	return err_wrap(err, "create %s/%s", host, repository);
}
