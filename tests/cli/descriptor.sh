#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# rtbuild descriptor: each backend's document, judged by the models of the platforms' own clients
# (check-descriptor) and by a shell; and what is refused.
# What is in single quotes is for others to expand, or nobody: SC2016, SC1003.
# shellcheck source=tests/lib.sh disable=SC2016,SC1003
. "$(dirname "$0")/../lib.sh"
judge=$ROOT/tests/cli/check-descriptor

# What the judges say of the last output.
judged() { is "$1" "$(shift && "$judge" "$@" <"$out" 2>&1)" ''; }
# A value of the last output, YAML or JSON: is_at NAME PYTHON-EXPRESSION-OF-d WANTED
is_at() {
	is "$1" "$(python3 -c 'import sys, yaml; d = yaml.safe_load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$out" "$2" 2>&1)" "$3"
}

mkdir context
echo one >context/file
printf 'FROM scratch\nCOPY file /file\n' >context/Dockerfile
account=123456789012
ecr=$account.dkr.ecr.us-east-1.amazonaws.com/lithops/rt:1.0
role=arn:aws:iam::$account:role/lithops
check 'images' rtbuild build -q --platform linux/amd64 -t docker.io/me/my_runtime:1.0 -t "$ecr" -t reg.example.com/me/rt context
digest=$(rtbuild digest "store:$ecr")
check 'an image for arm64' rtbuild build -q --platform linux/arm64 -t arm:1 -t "$account.dkr.ecr.eu-west-1.amazonaws.com/arm:1" context
python3 -c 'import zipfile; zipfile.ZipFile("lithops_lambda.zip", "w").writestr("entry_point.py", "")'
name=docker.io/me/my_runtime:1.0

# --- AWS ---

check 'Lambda: an image' rtbuild descriptor -b aws_lambda "$ecr" --memory 1024 --timeout 60 --setting "execution_role=$role" \
	-e 'AA=x "y" $z' -e BB=
judged 'Lambda: botocore takes it' aws lambda CreateFunction
is_at 'Lambda: by digest' 'd["Code"]["ImageUri"]' "${ecr%:*}@$digest"
is_at 'Lambda: what was asked' 'd["MemorySize"], d["Timeout"], d["Architectures"], d["Environment"]["Variables"]' \
	"(1024, 60, ['x86_64'], {'AA': 'x \"y\" \$z', 'BB': ''})"
stderr_has 'aws lambda create-function'
check 'Lambda: words' rtbuild descriptor -b aws_lambda "$account.dkr.ecr.eu-west-1.amazonaws.com/arm:1" --setting "execution_role=$role" my.handler
judged 'Lambda: words: botocore' aws lambda CreateFunction
is_at 'Lambda: its architecture is the image'\''s' 'd["Architectures"], d["ImageConfig"]' "(['arm64'], {'Command': ['my.handler']})"
check 'Lambda: another registry is warned of' rtbuild descriptor -b aws_lambda docker.io/me/my_runtime:1.0 --setting "execution_role=$role"
stderr_has 'dkr\.ecr'
check 'Lambda: a zip' rtbuild descriptor -b aws_lambda:handler lithops_lambda.zip --python 3.12 --platform linux/arm64 \
	--setting "execution_role=$role" --setting bucket=lithops-code --setting "layer=arn:aws:lambda:us-east-1:$account:layer:l:1"
judged 'Lambda: a zip: botocore' aws lambda CreateFunction
is_at 'Lambda: a zip: all of it' 'd["Runtime"], d["Handler"], d["Code"], d["Architectures"], len(d["Layers"])' \
	"('python3.12', 'entry_point.lambda_handler', {'S3Bucket': 'lithops-code', 'S3Key': 'lithops_lambda.zip'}, ['arm64'], 1)"
check 'Lambda: a layer' rtbuild descriptor -b aws_lambda:layer lithops_lambda.zip --setting bucket=lithops-code --setting key=a/b.zip
judged 'Lambda: a layer: botocore' aws lambda PublishLayerVersion
check 'Lambda: a layer that goes with the call' rtbuild descriptor -b aws_lambda:layer lithops_lambda.zip
judged 'Lambda: a layer that goes with the call: botocore' aws lambda PublishLayerVersion
check 'Batch' rtbuild descriptor -b aws_batch "$ecr" --memory 2048 --setting "execution_role=$role" --setting "job_role=$role" -e K=V run it
judged 'Batch: botocore' aws batch RegisterJobDefinition
is_at 'Batch: a size of Fargate' 'd["containerProperties"]["resourceRequirements"]' \
	"[{'type': 'VCPU', 'value': '0.5'}, {'type': 'MEMORY', 'value': '2048'}]"
is_at 'Batch: the rest' 'd["containerProperties"]["image"], d["containerProperties"]["command"], d["timeout"]' \
	"('${ecr%:*}@$digest', ['run', 'it'], {'attemptDurationSeconds': 180})"
check 'Batch: more memory, more processors' rtbuild descriptor -b aws_batch "$ecr" --memory 16384 --setting "execution_role=$role"
is_at 'Batch: as many' 'd["containerProperties"]["resourceRequirements"][0]["value"]' 2

# --- Kubernetes ---

check 'Kubernetes' rtbuild descriptor -b k8s "$name" -e 'A=- "x": {y}' -e 'N=1' --setting namespace=jobs run 'two words'
judged 'Kubernetes: its client takes it' kubernetes Job
pod='d["spec"]["template"]["spec"]'
is_at 'Kubernetes: name' 'd["metadata"]["name"], d["metadata"]["namespace"]' "('my-runtime-1-0', 'jobs')"
is_at 'Kubernetes: container' "$pod"'["containers"][0]["image"], '"$pod"'["containers"][0]["command"] + '"$pod"'["containers"][0]["args"]' \
	"('docker.io/me/my_runtime@$digest', ['python3', '/lithops/lithopsentry.py', 'run', 'two words'])"
is_at 'Kubernetes: variables stay text' "$pod"'["containers"][0]["env"][1:]' "[{'name': 'A', 'value': '- \"x\": {y}'}, {'name': 'N', 'value': '1'}]"
is_at 'Kubernetes: a public image has no secret' "$pod"'.get("imagePullSecrets"), '"$pod"'["nodeSelector"]["kubernetes.io/arch"]' "(None, 'amd64')"
stdout_has '^# Kubernetes'
check 'Knative' rtbuild descriptor -b knative "$name" --cpu 750m --memory 1024 --timeout 300 --name my-service
judged 'Knative: its models take it' knative Service
is_at 'Knative: sizes' "$pod"'["timeoutSeconds"], '"$pod"'["containers"][0]["resources"]["limits"], d["metadata"]["name"]' \
	"(300, {'cpu': '750m', 'memory': '1024Mi'}, 'my-service')"
# The judge itself: what is missing is a finding of its own, not an end.
for part in 'spec: {}' 'spec: 3' 'spec: {template: {metadata: 3}}' 'spec: {template: {spec: {}}}'; do
	printf 'apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: x}\n%s\n' "$part" >wrong.yaml
	exits 1 "$judge" knative Service <wrong.yaml
	stderr_empty
done
printf '{"auths": {"reg.example.com": {"auth": "dTpw"}}}' >"$DOCKER_CONFIG/config.json"
chmod 600 "$DOCKER_CONFIG/config.json"
check 'a private registry' rtbuild descriptor -b k8s reg.example.com/me/rt
judged 'a private registry: its client takes it' kubernetes Job
is_at 'a private registry: the secret' "$pod"'["imagePullSecrets"]' "[{'name': 'lithops-regcred'}]"
stderr_has 'reg.example.com has credentials here'
stderr_hasnt 'dTpw'
check 'another secret' rtbuild descriptor -b knative "$name" --pull-secret mine
is_at 'another secret: it' "$pod"'["imagePullSecrets"]' "[{'name': 'mine'}]"
check 'Cloud Run' rtbuild descriptor -b gcp_cloudrun "$name" --memory 2048 --setting region=europe-west1
judged 'Cloud Run: the same models' knative Service
is_at 'Cloud Run: processors by memory' "$pod"'["containers"][0]["resources"]["limits"]' "{'cpu': '1', 'memory': '2048Mi'}"
check 'as JSON' rtbuild descriptor -b knative "$name" --format json
is 'as JSON: it is' "$(jq -r .kind "$out")" Service
check 'with --json' rtbuild descriptor -b knative "$name" --json
is 'with --json: the document in it' "$(jq -r '.document.kind, .digest, .backend' "$out" | tr '\n' ' ')" "Service $digest knative "

# --- the others ---

check 'Code Engine' rtbuild descriptor -b code_engine reg.example.com/me/rt -e A=b --memory 512
is_at 'Code Engine: all of it' '[d[k] for k in ("image_reference", "image_secret", "run_arguments", "run_env_variables", "scale_cpu_limit", "scale_memory_limit")]' \
	"['reg.example.com/me/rt@$digest', 'lithops-regcred', ['/lithops/lithopsentry.py'], [{'type': 'literal', 'name': 'A', 'value': 'b'}], '0.125', '0.5G']"
check 'Azure Container Apps' rtbuild descriptor -b azure_containers reg.example.com/me/rt --memory 1536 --setting region=westeurope \
	--setting environment_id=/subscriptions/s/managedEnvironments/e -e A=b
is_at 'Azure Container Apps: container' 'd["properties"]["template"]["containers"][0]["resources"], d["properties"]["template"]["containers"][0]["env"][2]' \
	"({'cpu': 0.75, 'memory': '1.5Gi'}, {'name': 'A', 'value': 'b'})"
is_at 'Azure Container Apps: secrets are not in it' 'd["properties"]["configuration"]["registries"], d["properties"]["configuration"]["secrets"][1]["value"]' \
	'([{'\''server'\'': '\''reg.example.com'\'', '\''username'\'': '\''${REGISTRY_USER}'\'', '\''passwordSecretRef'\'': '\''registry-password'\''}], '\''${REGISTRY_PASSWORD}'\'')'
check 'Oracle' rtbuild descriptor -b oracle_f "$name" --setting application_id=ocid1.fnapp.oc1..x
is_at 'Oracle: tag and digest apart' 'd["image"], d["imageDigest"]' "('$name', '$digest')"
check 'OpenWhisk: an image' rtbuild descriptor -b openwhisk "$name"
is_at 'OpenWhisk: an image: action' 'd["packages"]["lithops"]["actions"]["my-runtime-1-0"]' \
	"{'function': 'lithops_openwhisk.zip', 'docker': 'docker.io/me/my_runtime@$digest', 'limits': {'memorySize': 256, 'timeout': 300000}}"
check 'OpenWhisk: a zip' rtbuild descriptor -b openwhisk:action ./lithops_lambda.zip --python 3.12
is_at 'OpenWhisk: a zip: action' 'list(d["packages"]["lithops"]["actions"].items())' \
	"[('lithops-lambda', {'function': './lithops_lambda.zip', 'docker': 'docker.io/lithopscloud/openwhisk-python-v312', 'limits': {'memorySize': 256, 'timeout': 300000}})]"
check 'Cloud Functions' rtbuild descriptor -b gcp_functions lithops_lambda.zip --setting project_name=p --setting region=r --setting bucket=b --setting topic=t
is_at 'Cloud Functions: all of it' 'd["name"], d["buildConfig"]["runtime"], d["eventTrigger"]["pubsubTopic"], d["serviceConfig"]["availableMemory"]' \
	"('projects/p/locations/r/functions/lithops-lambda', 'python311', 'projects/p/topics/t', '256Mi')"

# A stand-in shows what the program would be called with.
printf '#!/bin/sh\nprintf "<%%s>" "$@"\n' >singularity && chmod +x singularity
check 'Singularity' rtbuild descriptor -b singularity "$name" -e 'A=$(touch no) `id` "q" \' 'a b'
cp "$out" run.sh
check 'Singularity: it runs' env PATH="$TMP:$PATH" AMQP_URL=amqp://h sh run.sh
stdout_is '<run><--writable-tmpfs><--env><AMQP_URL=amqp://h><--env><A=$(touch no) `id` "q" \><'"docker://docker.io/me/my_runtime@$digest><a b>"
fails 'Singularity: no address' env PATH="$TMP:$PATH" sh run.sh
check 'a machine' rtbuild descriptor -b aws_ec2 "$name" -e 'A=100% "$HOME"'
is 'a machine: nothing of it is expanded' "$(grep -o '"A=.*"  *\\$' "$out")" '"A=100%% \"$$HOME\"" \'
file_has 'a machine: by digest' "$out" "\"docker.io/me/my_runtime@$digest\""

# --- every row of the table ---

settings='execution_role region environment_id application_id role_arn bucket project_name storage_account_name plan_id'
rtbuild template list --json >rows.json
jq -r '.[] | select(.descriptor) | [.name, .artifact, ([.descriptor.settings // [] | .[] | select(has("default") | not) | .name] | join(","))] | @tsv' rows.json >rows
while IFS="$(printf '\t')" read -r row artifact needs; do
	set --
	for setting in $settings; do
		case ",$needs," in *",$setting,"*) set -- "$@" --setting "$setting=v" ;; esac
	done
	case $artifact in layer | zip) thing=lithops_lambda.zip ;; *) thing=$name ;; esac
	case $(jq -r --arg row "$row" '.[] | select(.name == $row) | .platforms[0]' rows.json) in
	linux/arm64) [ "$artifact" != image ] || thing=arm:1 ;;
	esac
	check "$row" rtbuild descriptor -b "$row" "$thing" "$@" -e A=b
	[ -z "$needs" ] || exits 2 rtbuild descriptor -b "$row" "$thing"
done <rows
is 'every platform has one' "$(jq -r '[.[] | select(.descriptor | not) | .name] | join(" ")' rows.json)" 'localhost localhost:container'

# --- what is refused ---

exits 2 rtbuild descriptor "$name"
stderr_has 'template list'
exits 8 rtbuild descriptor -b localhost "$name"
exits 2 rtbuild descriptor -b aws_lambda "$ecr"
stderr_has 'needs execution_role'
stderr_has '\-\-setting'
exits 2 rtbuild descriptor -b k8s "$name" --setting namespce=a
stderr_has 'did you mean namespace'
exits 2 rtbuild descriptor -b aws_lambda "$ecr" --setting "execution_role=$role" --memory 64
stderr_has 'from 128 to 10240'
exits 2 rtbuild descriptor -b aws_lambda "$ecr" --setting "execution_role=$role" --timeout 901
exits 2 rtbuild descriptor -b aws_lambda "$ecr" --setting "execution_role=$role" --timeout soon
exits 2 rtbuild descriptor -b aws_lambda "$ecr" --setting "execution_role=$role" --cpu 2
exits 2 rtbuild descriptor -b aws_batch "$ecr" --setting "execution_role=$role" --memory 1024 --cpu 8
stderr_has '0\.5, 0\.25'
exits 2 rtbuild descriptor -b aws_batch "$ecr" --setting "execution_role=$role" --memory 1000
exits 2 rtbuild descriptor -b vm "$name" --memory 512
exits 2 rtbuild descriptor -b k8s "$name" --cpu many
exits 2 rtbuild descriptor -b k8s "$name" --name My_Job
stderr_has 'lower-case letters'
exits 2 rtbuild descriptor -b k8s "$name" -e A
exits 2 rtbuild descriptor -b k8s "$name" -e A=1 -e A=2
exits 2 rtbuild descriptor -b vm "$name" -e 'A=two
lines'
exits 2 rtbuild descriptor -b aws_lambda "$ecr" --format yaml
exits 2 rtbuild descriptor -b gcp_cloudrun arm:1 --setting region=r
stderr_has 'does not run on linux/arm64'
exits 2 rtbuild descriptor -b aws_lambda:layer lithops_lambda.zip --pull-secret s
exits 6 rtbuild descriptor -b aws_lambda:layer absent.zip
stderr_has 'of aws_lambda:layer is a zip'
exits 7 rtbuild descriptor -b aws_lambda:layer context/file
stderr_has 'context/file'

# --- a backend of the user's ---

mkdir -p own/acme
sed '/^variants/,$d; s/^name: knative/name: acme/; s/file: descriptor.yaml/file: job.yaml/' "$ROOT/templates/knative/backend.yaml" >own/acme/backend.yaml
printf 'run: "{{image}}"\nmax: {{max_workers}}\n' >own/acme/job.yaml
check 'a backend of the user'\''s' rtbuild descriptor --templates own -b acme "$name" --setting max_workers=7
stdout_is "run: \"docker.io/me/my_runtime@$digest\"
max: 7"
printf 'run: {{imag}}\n' >own/acme/job.yaml
exits 3 rtbuild descriptor --templates own -b acme "$name"
stderr_has 'job.yaml:1:6'
printf 'a: [\n' >own/acme/job.yaml
exits 3 rtbuild descriptor --templates own -b acme "$name"
sed -i 's/job.yaml/job.txt/' own/acme/backend.yaml
exits 3 rtbuild descriptor --templates own -b acme "$name"
stderr_has 'descriptor'

finish
