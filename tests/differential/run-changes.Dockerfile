# rows 54 59: modes, owners and links of what was there; the umask
FROM localhost/base
RUN chmod 700 /opt && chown 1:2 /opt/dir && chmod 4711 /opt/dir/old && touch /tmp/x /root/x
RUN umask >/mask; touch /made; mkdir /made-dir; ln /opt/file /linked; ln -s x /symbolic
RUN mv /usr/share/doc /usr/share/documents
RUN echo more >>/opt/hard
