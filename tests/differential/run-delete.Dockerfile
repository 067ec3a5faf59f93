# rows 52 54: deleted files, directories and links
FROM localhost/base
RUN rm /usr/share/doc/readme /opt/dir-link && rm -r /home/worker
RUN rm -r /opt/dir && mkdir /opt/dir && echo new >/opt/dir/new
RUN rm -r /usr/share/doc && echo now a file >/usr/share/doc
RUN rm /opt/file && mkdir /opt/file && touch /opt/file/in
COPY one.txt /home/worker/again
