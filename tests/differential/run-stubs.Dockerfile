# rows 55 56 57 58: what the container needs leaves nothing
FROM localhost/base
RUN echo 127.0.0.1 x >>/etc/hosts; test -c /dev/null && test -d /proc/self && echo yes >/yes
RUN true
