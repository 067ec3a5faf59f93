// SPDX-License-Identifier: Apache-2.0
#ifndef NET_AWS_H
#define NET_AWS_H

#include "base/event.h"
#include "base/json.h"
#include "net/http.h"

/*
 * AWS: who we are, and signed calls (Signature Version 4, by libcurl). Nothing is written anywhere;
 * secrets are wiped before they are freed.
 */
struct aws_credential {
	char *key, *secret;
	char *session; /* NULL: a long-lived key */
	char *where;   /* for people: "$AWS_ACCESS_KEY_ID", "~/.aws/credentials [ci]", ... */
};
void aws_credential_free(struct aws_credential *c);

/*
 * The sources of the AWS SDKs, in their order:
 *
 *   1. $AWS_ACCESS_KEY_ID, $AWS_SECRET_ACCESS_KEY, $AWS_SESSION_TOKEN
 *   2. $AWS_WEB_IDENTITY_TOKEN_FILE with $AWS_ROLE_ARN: STS AssumeRoleWithWebIdentity
 *   3. the profile ($AWS_PROFILE, else "default") of ~/.aws/credentials and ~/.aws/config
 *      ($AWS_SHARED_CREDENTIALS_FILE, $AWS_CONFIG_FILE): keys; role_arn with source_profile,
 *      credential_source or web_identity_token_file
 *   4. $AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI (ECS, EKS Pod Identity), with
 *      $AWS_CONTAINER_AUTHORIZATION_TOKEN or _TOKEN_FILE
 *   5. the instance's metadata (IMDSv2 only), on EC2 alone and not with
 *      $AWS_EC2_METADATA_DISABLED=true
 *
 * None of them: success, with key NULL. A source that is configured and does not work is an error.
 * `region` is where STS is asked.
 */
MUST_CHECK bool aws_credential_find(struct aws_credential *out, struct http *http,
				    const char *region, struct err *err);

/* One call of a JSON service (protocol 1.1). */
struct aws_call {
	const char *service; /* as it is signed: "ecr" */
	const char *region;
	const char *endpoint; /* without a configured one: "https://api.ecr.REGION.amazonaws.com" */
	const char *override; /* of $AWS_ENDPOINT_URL_*: "ECR"; $AWS_ENDPOINT_URL is for all */
	const char *target;   /* X-Amz-Target */
	const char *body;     /* JSON */
};
/*
 * The answer's document. The service's own error ("RepositoryAlreadyExistsException") is in
 * *code_out (owned, NULL when there is none) beside the failure: E_AUTH when the credential was
 * refused, else E_NETWORK or E_INPUT.
 */
MUST_CHECK bool aws_call(json_t **out, char **code_out, struct http *http,
			 const struct aws_credential *c, const struct aws_call *call,
			 struct err *err);

/* One request of a service that speaks REST (Lambda, S3) or forms (STS). */
struct aws_request {
	const char *service; /* as it is signed: "lambda" */
	const char *region;
	const char *endpoint; /* "https://lambda.eu-west-1.amazonaws.com" */
	const char *override; /* of $AWS_ENDPOINT_URL_*: "LAMBDA" */
	const char *method;
	const char *path;         /* "/2018-10-31/layers", query included; behind any endpoint's */
	const char *content_type; /* of the body; NULL: there is none */
	struct source *body;      /* NULL: none; it must rewind */
	uint64_t body_size;
	unsigned char body_hash[SHA256_SIZE]; /* of the body */
	struct http_header headers[4];        /* further ones, signed, up to one without a name */
};
/*
 * The answer, a 2xx; the caller reads and frees it. Otherwise the service's own error
 * ("ResourceNotFoundException", "NoSuchBucket") is in *code_out (owned, NULL when there is none)
 * beside the failure: E_AUTH when the credential was refused or may not do it, E_NOT_FOUND for 404,
 * E_NETWORK, else E_INPUT. Throttling is waited for.
 */
MUST_CHECK bool aws_send(struct http_reply *out, char **code_out, struct http *http,
			 const struct aws_credential *c, const struct aws_request *req,
			 struct err *err);

/* $AWS_REGION, $AWS_DEFAULT_REGION or the profile's region, unless `option` is one; the caller
 * frees. E_USAGE when there is none, E_INPUT when it is no name. */
MUST_CHECK bool aws_region_find(char **out, const char *option, struct err *err);

/* Who a credential is, by STS GetCallerIdentity: "AIDAEXAMPLE", or "AROAEXAMPLE:session" of a role.
 * The caller frees. */
MUST_CHECK bool aws_user_id(char **out, struct http *http, const struct aws_credential *c,
			    const char *region, struct err *err);

/* ".cn" behind amazonaws.com in China's regions, else "". */
const char *aws_domain_end(const char *region);

/* Whether an error is one of credentials and permissions, by the names the services share. */
bool aws_is_refusal(const char *code, int status);

/* $AWS_ENDPOINT_URL_NAME, $AWS_ENDPOINT_URL or what is given (both left out with
 * $AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true). E_INPUT when it is no URL. */
MUST_CHECK bool aws_endpoint(struct url *out, const char *name, const char *usual, struct err *err);

#endif
