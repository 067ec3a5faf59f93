#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Dockerfiles of the shape of every runtime folder and every default of Lithops (tests/runtimes),
# built and looked into. apt and pip run for real: on a debootstrap base, from the machine's package
# mirror, asked for each file once, and a package index on loopback (servers/internet). What no base here can have (conda, yum,
# the packages of other distributions) is replayed: a recorder writes down its arguments, which must
# be the ones the Dockerfile says; remote ADD and wget get their files from scripted sites.
#
# The first comments of a NAME.Dockerfile say what it takes and what must come of it, one a line:
#   zip: FILE ENTRY        a handler zip in the context    requirements: WORDS  its requirements.txt
#   build: WORDS           further options                 replayed: WHAT       (for the reader)
#   entrypoint, cmd: JSON  workdir, user: TEXT  env: K=V   of the configuration
#   file, absent: PATH     owner: UID:GID PATH             link: PATH TARGET    add: PATHS, by ADD
#   imports: MODULES       that python3 of the image finds
#   says: WORDS            a line of the recorder          asks: HOST PATH STATUS  a line of the sites
# CASE=TEXT runs those with TEXT in their name. This script runs the folders' own Dockerfiles, one of each
# kind; runtimes_alike.sh those that are like one of these, runtimes_conda.sh those with conda and
# runtimes_default.sh the defaults, by way of PART (these three are `make test-long`).
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

SHAPES=$ROOT/tests/runtimes

# debootstrap needs root.
[ "$(id -u)" -eq 0 ] || finish
need_wheels

# --- bases ---

# Debian with apt, pip and the tools the bases of other distributions have, and no limit on pip.
make_debian() {
	debootstrap --variant=minbase --include=python3,python3-pip,ca-certificates,wget,unzip \
		bookworm "$1/root" || return
	rm -rf "$1/root/var/cache/apt/archives/"*.deb "$1/root/var/lib/apt/lists/"* \
		"$1/root/dev/"* "$1/root/usr/lib/python3.11/EXTERNALLY-MANAGED"
	# As Debian's own images have it: a container's files need not outlive a power cut.
	echo force-unsafe-io >"$1/root/etc/dpkg/dpkg.cfg.d/docker-apt-speedup"
	echo 'Acquire::Languages "none";' >"$1/root/etc/apt/apt.conf.d/docker-no-languages"
	for name in python python3; do
		ln -s /usr/bin/python3 "$1/root/usr/local/bin/$name"
	done
	tar -C "$1/root" --numeric-owner --sort=name -cf "$1/rootfs.tar" . || return
	rm -rf "$1/root"
}
fixture bootstrapped "$(dpkg-query -W debootstrap) $(sha256sum "$ROOT/tests/cli/runtimes.sh")" make_debian
cp "$fixture/rootfs.tar" .

mkdir sites bases
"$ROOT/tests/servers/make-certs" . repo.anaconda.com raw.githubusercontent.com github.com download.osgeo.org
wheels_of_debian=/usr/share/python-wheels
APT_CACHE=$FIXTURES/apt-packages "$ROOT/tests/servers/internet" . sites "$WHEELS" "$wheels_of_debian" >requests 2>internet.log &
servers="$servers $!"
INTERNET=$(wait_for internet.log 'listening on') || server_missing internet internet.log
INTERNET=${INTERNET##* }

# base CONTEXT-LINES...: a base image of further Dockerfile lines, under each name given before `--`.
cp "$SHAPES/recorder" ca.crt bases/
base() {
	base_names=''
	while [ "$1" != -- ]; do
		base_names="$base_names -t $1"
		shift
	done
	shift
	printf '%s\n' "$@" >bases/Dockerfile
	# shellcheck disable=SC2086 # -t NAME each
	check "base$base_names" rtbuild build -q $base_names bases
}
printf 'FROM scratch\nADD rootfs.tar /\n' >debian.Dockerfile
check 'the base' rtbuild build -q -t debian-pip -f debian.Dockerfile .
base python:3.10-slim-bookworm python:3.11-slim-bookworm python:3.12-slim-bookworm \
	python:3.10-slim-trixie with-index -- 'FROM debian-pip' \
	'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' \
	"ENV PIP_INDEX_URL=http://$INTERNET/simple/ PIP_ROOT_USER_ACTION=ignore PIP_NO_COMPILE=1 PIP_DISABLE_PIP_VERSION_CHECK=1" \
	'COPY recorder /stand-ins/recorder' 'COPY ca.crt /stand-ins/ca.crt' \
	'RUN echo ca_certificate=/stand-ins/ca.crt >/root/.wgetrc; ln -s recorder /stand-ins/miniconda.sh' \
	"RUN echo 'Acquire::http::Proxy \"http://$INTERNET\";' >/etc/apt/apt.conf.d/proxy" \
	'CMD ["python3"]'
# recording PROGRAM...: the RUN that puts recorders in place of programs.
recording() {
	printf "RUN mkdir -p /opt/conda/bin /opt/conda/conda-meta && for p in %s; do ln -sf /stand-ins/recorder \$p; done\n" "$*"
}
# The $ are a Dockerfile's.
# shellcheck disable=SC2016
base continuumio/miniconda3:23.10.0-1 continuumio/miniconda3:23.3.1-0 -- 'FROM with-index' \
	"$(recording /opt/conda/bin/conda)" 'RUN ln -s /usr/bin/python3 /opt/conda/bin/python' \
	'ENV PATH=/opt/conda/bin:$PATH'
# shellcheck disable=SC2016
base public.ecr.aws/lambda/python:3.10 -- 'FROM with-index' "$(recording /usr/bin/yum)" \
	'RUN mkdir -p /var/lang/bin && ln -s /usr/bin/python3 /var/lang/bin/python3.10' \
	'ENV PATH=/var/lang/bin:$PATH' 'WORKDIR /var/task' 'ENTRYPOINT ["/lambda-entrypoint.sh"]'
base public.ecr.aws/lambda/python:3.12-arm64 nvidia/cuda:11.5.1-runtime-ubuntu20.04 -- \
	'FROM with-index' "$(recording /usr/bin/apt-get /usr/bin/apt-cache)"
base ubuntu:18.04 -- 'FROM with-index' \
	"$(recording /usr/bin/apt-get /usr/bin/cmake /usr/bin/make /stand-ins/autogen.sh /stand-ins/configure)"

# --- what the sites have ---

# site URL-PATH: the file of a scripted site, from stdin.
site() {
	mkdir -p "sites/$(dirname "$1")"
	cat >"sites/$1"
}
# archive URL-PATH DIR: DIR with the scripts a build of it calls.
archive() {
	mkdir "$2"
	for script in autogen.sh configure; do
		printf '#!/bin/sh\nexec /stand-ins/%s "$@"\n' "$script" >"$2/$script"
		chmod +x "$2/$script"
	done
	tar -cz "$2" | site "$1"
}
openwhisk=raw.githubusercontent.com/apache
printf '#!/bin/sh\nexec /stand-ins/miniconda.sh "$@"\n' |
	site repo.anaconda.com/miniconda/Miniconda3-latest-Linux-x86_64.sh
echo 'proxy = 1' | site "$openwhisk/openwhisk-runtime-docker/8b2e205c39d84ed5ede6b1b08cccf314a2b13105/core/actionProxy/actionproxy.py"
echo 'runner = 1' | site "$openwhisk/openwhisk-runtime-python/3%401.0.3/core/pythonAction/pythonrunner.py"
archive github.com/uclouvain/openjpeg/archive/v2.3.1.tar.gz openjpeg-2.3.1
archive github.com/OSGeo/proj.4/archive/master.tar.gz proj
echo grid | site download.osgeo.org/proj/grid

# --- one shape ---

said() { sed -n "/^#/!q; s/^# $2: //p" "$SHAPES/$1.Dockerfile"; }

# As Lithops makes it: the entry point first, then the package.
handler_zip() {
	python3 -c '
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as out:
    out.writestr(sys.argv[2], "import lithops\n")
    out.writestr("lithops/__init__.py", "__version__ = \"3.7.1\"\n")
' "$@"
}

make_context() {
	rm -rf ctx
	mkdir ctx
	zip=$(said "$1" zip)
	# shellcheck disable=SC2086 # FILE ENTRY
	[ -z "$zip" ] || [ "$part" = default ] || (cd ctx && handler_zip $zip)
	said "$1" requirements | tr ' ' '\n' >ctx/requirements.txt
	printf 'name: lithops\n' | tee ctx/lithops-env.yml >ctx/lithops-env-py311.yml
	[ "$1" != code_engine.mamba ] || rm ctx/lithops-env.yml
	cp "$SHAPES/$1.Dockerfile" ctx/Dockerfile
}

# Lithops' own default Dockerfiles find their zip though nobody made it: --backend does.
backend_of() {
	case $1 in
	default.aliyun_fc) echo --backend aliyun_fc:container ;;
	default.*) echo --backend "${1#default.}" ;;
	*) echo --compression none ;; # which no platform takes, but it is fast
	esac
}

# The words of options are split on purpose.
# shellcheck disable=SC2046
build_shape() {
	https_proxy=http://$INTERNET rtbuild build --ca-file ca.crt --build-arg "https_proxy=http://$INTERNET" \
		$(said "$1" build) $(backend_of "$1") -f ctx/Dockerfile -t "shape/$1" ctx
}

configuration() { jq -c ".config.$2" "$1.config"; }

check_config() {
	config "shape/$1:latest" >"$1.config"
	for word in Entrypoint Cmd WorkingDir User; do
		key=$(printf '%s' "$word" | sed 's/ingDir/dir/' | tr '[:upper:]' '[:lower:]')
		wanted=$(said "$1" "$key")
		[ -n "$wanted" ] || continue
		got=$(configuration "$1" "$word")
		case $word in WorkingDir | User) wanted="\"$wanted\"" ;; esac
		is "$1: $word" "$got" "$wanted"
	done
	said "$1" env | while IFS= read -r wanted; do
		jq -e --arg want "$wanted" '.config.Env | index($want) != null' "$1.config" >/dev/null || echo "$wanted"
	done >missing
	is "$1: Env" "$(cat missing)" ''
}

# One look inside says it all: a script of tests, each saying what is not so.
check_tree() {
	{
		said "$1" file | sed "s/.*/[ -e '&' ] || echo 'no &'/"
		said "$1" absent | sed "s/.*/[ ! -e '&' ] || echo 'still &'/"
		said "$1" add | tr ' ' '\n' | sed "/./s/.*/[ \"\$(stat -c %a:%u:%g '&')\" = 600:0:0 ] || echo 'mode of &'/"
		said "$1" owner | sed "s/\([^ ]*\) \(.*\)/[ \"\$(stat -c %u:%g '\2')\" = \1 ] || echo 'owner of \2'/"
		said "$1" link | sed "s/\([^ ]*\) \(.*\)/[ \"\$(readlink '\1')\" = '\2' ] || echo 'link \1'/"
		said "$1" imports | sed 's/.*/python3 -c "import importlib; [importlib.import_module(m) for m in \\"&\\".split()]" 2>\&1 | tail -n 1/'
	} >look
	run rtbuild run --entrypoint sh --user 0 "shape/$1" -c "$(cat look)"
	is "$1: files and modules" "$status $(cat "$out")" '0 '
}

check_replay() {
	said "$1" says >wanted
	if [ -s wanted ]; then
		run rtbuild run --entrypoint cat --user 0 "shape/$1" /stand-ins/argv
		# In order, others between them.
		awk 'NR == FNR { want[++n] = $0; next } $0 == want[i + 1] { i++ }
			END { for (i++; i <= n; i++) print want[i] }' wanted "$out" >missing
		is "$1: recorded calls" "$(cat missing)" ''
	fi
	said "$1" asks | while IFS= read -r line; do
		grep -qxF "GET $line" requests || echo "$line"
	done >missing
	is "$1: asked of the sites" "$(cat missing)" ''
}

for file in "$SHAPES"/*.Dockerfile; do
	name=$(basename "$file" .Dockerfile)
	case $name in
	*.conda | *.mamba) part=conda ;;
	default.*) part=default ;;
	azure_containers | code_engine* | gcp_cloudrun | k8s | openwhisk.*) part=alike ;;
	*) part=plain ;;
	esac
	[ "$part" = "${PART-plain}" ] || continue
	case $name in *"${CASE-}"*) ;; *) continue ;; esac
	make_context "$name"
	check "$name" build_shape "$name"
	[ "$status" -eq 0 ] || continue
	first=$(cat "$out")
	check_config "$name"
	check_tree "$name"
	check_replay "$name"
	check "$name: again" build_shape "$name"
	is "$name: again gives the same" "$(cat "$out")" "$first"
done

# --- build --installer pip ---

by_pip() { rtbuild build -q -b singularity -o type=store --installer pip "$@" -t shape/pip:1; }
if [ -z "${PART-}" ] && [ -z "${CASE-}" ]; then
	wheel=$(ls "$WHEELS"/six-*.whl)
	version=${wheel##*/six-}
	mkdir req
	echo '-c bounds.txt' >req/in.txt
	echo "six==${version%%-*} --hash=sha256:$(sha256sum <"$wheel" | cut -c 1-64)" >>req/in.txt
	: >req/bounds.txt
	check 'pip installs the requirements by their hashes, then the rest' by_pip -r req/in.txt
	check 'pip: it imports, with Lithops' rtbuild run shape/pip:1 python3 -c 'import six, numpy, boto3, flask, lithops; print(six.__version__)'
	stdout_is "${version%%-*}"
	sed -i 's/sha256:.*/sha256:0000000000000000000000000000000000000000000000000000000000000000/' req/in.txt
	exits 10 by_pip -r req/in.txt
	stderr_has 'DO NOT MATCH THE HASHES'
fi
is 'stand-ins are of names Debian has not' "$(sed -n 's/^stand-in //p' requests | while read -r name; do
	[ ! -e "$(echo "$WHEELS/$(echo "$name" | tr - _)"-*)" ] || echo "$name"
done)" ''
echo "# stand-in packages: $(sed -n 's/^stand-in //p' requests | sort -u | tr '\n' ' ')"
finish
