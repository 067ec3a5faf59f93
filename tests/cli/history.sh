#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What a build writes into an image's history, word for word as BuildKit does
# (frontend/dockerfile/dockerfile2llb), and what it leaves of the base's.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_tiny
rtbuild build -q -t tiny:1 "$TINY" >/dev/null
mkdir ctx
echo one >ctx/one
echo two >ctx/two

# history IMAGE: lines `created_by|empty` of what is above the base's own, newlines as "~".
history() {
	config "$1" | jq -r --argjson below "$below" \
		'.history[$below:][] | [.created_by, (.empty_layer // false | tostring)] | join("|") | gsub("\n"; "~")'
}
below=$(config tiny:1 | jq '.history | length')
cat >Dockerfile <<'END'
FROM tiny:1
ARG A=1
ARG B
ENV E=x F="a b"
LABEL l="m n" o=p
WORKDIR /work
COPY one two /dir/
COPY --chown=1:2 --chmod=600 one /owned
ADD one /added
RUN echo $A >/a
RUN ["true", "x"]
SHELL ["/bin/sh", "-ec"]
RUN echo b
RUN <<EOT
echo c
EOT
COPY <<EOT /inline
text
EOT
EXPOSE 80 53/UDP 8000-8001
VOLUME /v /w
USER 1000
STOPSIGNAL 9
HEALTHCHECK --interval=5s --retries=2 CMD true
ENTRYPOINT ["/bin/sh", "-c"]
CMD echo hi
ONBUILD RUN true
MAINTAINER me
END
check 'every instruction' rtbuild build -q -t h:1 --build-arg B=2 --build-arg http_proxy=http://secret@127.0.0.1:9 -f Dockerfile ctx
cat >wanted <<'END'
ARG A=1|true
ARG B=2|true
ENV E=x F=a b|true
LABEL l=m n o=p|true
WORKDIR /work|false
COPY one two /dir/ # buildkit|false
COPY --chown=1:2 --chmod=600 one /owned # buildkit|false
ADD one /added # buildkit|false
RUN |2 A=1 B=2 /bin/sh -c echo $A >/a # buildkit|false
RUN |2 A=1 B=2 true x # buildkit|false
SHELL [/bin/sh -ec]|true
RUN |2 A=1 B=2 /bin/sh -ec echo b # buildkit|false
RUN |2 A=1 B=2 /bin/sh -ec echo c~ # buildkit|false
COPY <<EOT /inline # buildkit|false
EXPOSE [80/tcp 53/udp 8000/tcp 8001/tcp]|true
VOLUME [/v /w]|true
USER 1000|true
STOPSIGNAL 9|true
HEALTHCHECK &{["CMD-SHELL" "true"] "5s" "0s" "0s" "0s" '\x02'}|true
ENTRYPOINT ["/bin/sh" "-c"]|true
CMD ["/bin/sh" "-ec" "echo hi"]|true
MAINTAINER me|true
END
is 'row 67: history' "$(history h:1)" "$(cat wanted)"
is 'row 67: by BuildKit'"'"'s frontend' "$(config h:1 | jq -r --argjson below "$below" '[.history[$below:][].comment] | unique | join(" ")')" buildkit.dockerfile.v0
is 'row 67: as many entries with a layer as layers' \
	"$(config h:1 | jq '[.history[] | select(.empty_layer | not)] | length')" "$(config h:1 | jq '.rootfs.diff_ids | length')"
is 'row 38: no proxy in it' "$(config h:1 | grep -c secret)" 0

# --- a base's own history and layers, whatever is asked for (row 70) ---

check 'SOURCE_DATE_EPOCH' env SOURCE_DATE_EPOCH=1700000000 rtbuild build -q -t h:2 -f Dockerfile ctx
is 'row 70: the base'"'"'s history is untouched' \
	"$(config h:2 | jq -c --argjson below "$below" '.history[:$below]')" "$(config tiny:1 | jq -c .history)"
is 'row 70: what is new has that time' \
	"$(config h:2 | jq -r --argjson below "$below" '[.created, .history[$below:][].created] | unique | join(" ")')" 2023-11-14T22:13:20Z
is 'row 70: the base'"'"'s layers are untouched' \
	"$(manifest h:2 | jq -c "[.layers[:$(manifest tiny:1 | jq '.layers | length')][]]")" "$(manifest tiny:1 | jq -c .layers)"
is 'row 69: its platform' "$(config h:2 | jq -c "[.architecture, .os]")" "$(config tiny:1 | jq -c "[.architecture, .os]")"

finish
