# rows 9 10 11: directories that are links, on both sides
FROM localhost/base AS made
RUN mkdir -p /data/real/sub && echo x >/data/real/sub/file && ln -s real /data/link && ln -s /data/link/sub /data/abs && ln -s ../../../data/real /opt/dir/climb
FROM localhost/base
COPY dir-link/sub /a/
COPY root-link/a dir-link/hard /b/
COPY dir-link /c
COPY --from=made /data/link/sub/file /data/abs/file /d/
COPY --from=made /data/abs /e
COPY --from=made /opt/dir/climb/sub /f
COPY --from=made /data /g
COPY one.txt /opt/absolute/x
COPY one.txt /opt/dir-link/deep/er/
COPY one.txt /var/run/sub/x
COPY dir /opt/absolute
COPY two.txt /opt/absolute/../beside
