# facts 1.3: here-documents, which buildah 1.28 has not
FROM localhost/base
ENV NAME=value
COPY <<one <<-"two" /docs/
expanded $NAME
one
	not $NAME
	two
COPY --chmod=755 --chown=1:2 <<EOF /script
#!/bin/sh
EOF
RUN <<EOF
cd /tmp
echo "$NAME" >in-run
EOF
RUN <<EOF
#!/bin/cat
EOF
RUN cat <<EOF >/command
text $NAME
EOF
