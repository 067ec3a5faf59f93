# rows 41 43 60 68: forms of RUN; one that changes nothing; one that leaves a process
FROM localhost/base
RUN ["touch", "/exec form", "/$HOME"]
RUN [ -e /bin/sh ] && echo shell >/shell
RUN true
RUN echo a \
    # a comment inside
    b \

    c >/continued
RUN sleep 60 >/dev/null 2>&1 & echo left >/left
RUN echo "quoted  'text' $((1 + 2)) \\ \"x\"" >/quoted
