# rows 51 52: what a stage removed and replaced is not copied from it
FROM localhost/base AS made
COPY dir /gone/dir
COPY dir /kept
COPY one.txt /file-to-dir
COPY dir /dir-to-file
RUN rm -r /gone/dir/sub /kept/a && rm /file-to-dir && mkdir /file-to-dir && touch /file-to-dir/now && rm -r /dir-to-file && echo file >/dir-to-file
RUN mv /kept/sub /kept/moved && rm /usr/share/doc -r && mkdir /usr/share/doc && ln -s /kept /opt/again && mkdir -p /gone/dir/sub && touch /gone/dir/sub/fresh
FROM made AS more
RUN rm -r /gone && mv /dir-to-file /opt/dir/ && chmod 700 /kept
FROM localhost/base
COPY --from=made /gone /one
COPY --from=made /kept /dir-to-file /file-to-dir /two/
COPY --from=more / /all
COPY --from=more /opt/again /three
