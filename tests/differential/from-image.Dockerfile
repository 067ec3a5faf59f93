# row 51: files of another image, not its configuration
FROM scratch
COPY --from=localhost/onbuild /opt /opt
COPY --from=localhost/onbuild /etc/passwd /bin/sh /files/
