// SPDX-License-Identifier: Apache-2.0
#ifndef TEMPLATES_NAMING_RULE_H
#define TEMPLATES_NAMING_RULE_H

#include <stdbool.h>

/*
 * How Lithops comes from a runtime's name to the reference it builds and pushes; `naming.rule` of a
 * backend's file. What each does is templates/naming.h's.
 */
enum naming_rule {
	NAMING_PLAIN,             /* the name is used as it is */
	NAMING_REGISTRY,          /* docker_server decides the prefix */
	NAMING_REGISTRY_PLAIN,    /* of the default name alone */
	NAMING_HUB,               /* prebuilt on Docker Hub; other names as NAMING_REGISTRY */
	NAMING_LAMBDA,            /* ECR, made from the short local name */
	NAMING_LAYER,             /* a Lambda layer's name */
	NAMING_BATCH,             /* ECR, the name a strict one */
	NAMING_ARTIFACT_REGISTRY, /* Google's */
	NAMING_OCIR,              /* Oracle's */
	NAMING_ALIYUN,
};
bool naming_rule_parse(enum naming_rule *out, const char *text);

#endif
