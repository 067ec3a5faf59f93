#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The default of each backend holds the packages and settings of Lithops' own (3.7.1.dev0, 1c90697e).
# Lithops' default Dockerfiles are tests/runtimes/default.NAME.Dockerfile in other words: for each was
# seen that `template diff` says of it what it says of the text Lithops writes for Python 3.12, whose
# size and sha256 stand here. What differs is named: zip and unzip, which the handler in place needs
# not, and pip itself.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# BACKEND DOCKERFILE SIZE SHA256-OF-LITHOPS' PACKAGES-LEFT-OUT
goldens='
k8s k8s 1098 3253e244eab4fd6a unzip,zip -
knative knative 964 0660d4b4c8a42f40 zip pip
aws_batch aws_batch 654 20b5e69509765fc6 zip pip
gcp_cloudrun gcp_cloudrun 998 bb59071f0b9b64f5 zip pip
azure_containers azure_containers 627 b793efc943e7b8bd zip pip
aliyun_fc:container aliyun_fc 552 13e432347536d9bd zip pip
code_engine code_engine 864 a3d6985fe5465ef7 zip pip
oracle_f oracle_f 871 55928503225903bf zip pip
'
echo "$goldens" | sed '/^$/d' >goldens
while read -r backend file _ _ system packages; do
	run rtbuild template diff "$backend" "$ROOT/tests/runtimes/default.$file.Dockerfile" --python 3.12
	{
		echo "$system" | tr , '\n' | sed 's/^/+ system package /'
		[ "$packages" = - ] || echo "$packages" | tr , '\n' | sed 's/^/+ package /'
	} >wanted
	is "$backend: base, packages, environment, directory, user and command of Lithops' own" "$(cat "$out")" "$(cat wanted)"
done <goldens

# What Lithops has no Dockerfile of in its code: lists of packages, where facts have them.
has_packages() {
	is "$1: packages of Lithops' own list" "$(rtbuild template show "$1" | jq -r '.packages | sort | join(" ")')" \
		"$(echo "$2" | tr ' ' '\n' | LC_ALL=C sort | tr '\n' ' ' | sed 's/ $//')"
}
# config.py of each backend
has_packages aws_lambda:layer 'numpy requests redis pika cloudpickle ps-mem tblib urllib3<2 psutil'
has_packages gcp_functions 'google-cloud google-cloud-storage google-cloud-pubsub google-auth google-api-python-client numpy six requests redis pika scikit-learn diskcache cloudpickle ps-mem tblib PyYAML urllib3 psutil'
has_packages aliyun_fc 'six pika tblib cloudpickle ps-mem psutil'
has_packages singularity 'setuptools six boto3 pika flask gevent redis requests PyYAML numpy cloudpickle ps-mem tblib psutil'
# runtime/ folders
has_packages aws_lambda 'awslambdaric boto3 redis httplib2 requests numpy scipy pandas pika kafka-python cloudpickle ps-mem tblib psutil'
has_packages azure_functions 'azure-functions azure-storage-blob azure-storage-queue pika flask gevent numpy redis requests PyYAML kubernetes cloudpickle ps-mem tblib psutil'
for backend in openwhisk ibm_cf openwhisk:slim ibm_cf:slim; do
	has_packages $backend 'setuptools six flask pika boto3 ibm-cloud-sdk-core ibm-cos-sdk scikit-learn diskcache redis gevent requests PyYAML numpy cloudpickle ps-mem tblib psutil'
done
# every name of memory and time of its section
defaults='
aws_lambda 256 180
aws_batch 1024 180
gcp_functions 256 300
gcp_cloudrun 256 300
azure_functions 2048 300
azure_containers 512 600
aliyun_fc 256 300
k8s 512 600
knative 512 600
openwhisk 256 300
ibm_cf 256 600
code_engine 256 600
oracle_f 256 300
singularity 512 600
'
echo "$defaults" | sed '/^$/d' >defaults
while read -r backend memory timeout; do
	is "$backend: memory and time" "$(rtbuild template show "$backend" | jq -r '"\(.memory.default) \(.timeout.default)"')" "$memory $timeout"
done <defaults
# shellcheck disable=SC2016 # the $ is the command's
is 'singularity: how it starts' "$(rtbuild template show singularity | jq -r '.command, .handler.zip, .handler.as' | tr '\n' ' ')" \
	'python3 /lithops/lithopsentry.py $AMQP_URL lithops_singularity.zip lithopsentry.py '

# --- every folder of Lithops' runtime/ has its row ---

for row in aliyun_fc:container aws_batch aws_batch:conda aws_lambda aws_lambda:arm64 aws_lambda:conda azure_containers azure_functions \
	code_engine code_engine:conda code_engine:mamba code_engine:opencv gcp_cloudrun gcp_cloudrun:conda gcp_functions ibm_vpc:cuda \
	knative knative:conda k8s k8s:conda openwhisk openwhisk:conda openwhisk:gdal openwhisk:slim oracle_f singularity; do
	check "show $row" rtbuild template show $row
	is "$row: where it is from" "$(jq -r '.sources.default | test("lithops 3.7.1.dev0 \\(1c90697e\\)")' "$out")" true
	case $row in
	azure_functions | gcp_functions) exits 8 rtbuild template render $row ;;
	*)
		check "render $row" rtbuild template render $row
		check "diff $row" rtbuild template diff $row $row
		;;
	esac
done
finish
