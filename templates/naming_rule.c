// SPDX-License-Identifier: Apache-2.0
#include "templates/naming_rule.h"

#include "base/mem.h"
#include "base/str.h"

static const char *const names[] = {
	[NAMING_PLAIN] = "plain",
	[NAMING_REGISTRY] = "registry",
	[NAMING_REGISTRY_PLAIN] = "registry-plain",
	[NAMING_HUB] = "hub",
	[NAMING_LAMBDA] = "lambda",
	[NAMING_LAYER] = "layer",
	[NAMING_BATCH] = "batch",
	[NAMING_ARTIFACT_REGISTRY] = "artifact-registry",
	[NAMING_OCIR] = "ocir",
	[NAMING_ALIYUN] = "aliyun",
};

bool naming_rule_parse(enum naming_rule *out, const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(names[i], text)) {
			*out = (enum naming_rule)i;
			return true;
		}
	return false;
}
