# rows 52 54: directories moved, links across directories, modes alone
FROM localhost/base
COPY dir /lower/dir
COPY tree /lower/tree
RUN mv /lower/dir /lower/moved && mv /lower/tree /tree2
RUN ln /lower/moved/a /tree2/linked && ln /usr/bin/busybox /opt/busy && chmod 1777 /opt
RUN chmod 600 /opt/file && chown 5:6 /opt/dir && touch /tmp/x && rm /tmp/x
RUN mv /lower /opt/dir/ && mkdir /lower && touch /lower/new && rm -r /tree2/keep && mkdir /tree2/keep
RUN rm -r /home /srv 2>/dev/null; ln -s /opt /home; rm -r /opt/dir/lower/moved/sub; true
