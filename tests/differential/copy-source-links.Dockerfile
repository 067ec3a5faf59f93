# rows 9 10: a source that is a link is followed, links inside a tree stay
FROM localhost/base AS first
RUN mkdir -p /s/real && echo in >/s/real/f && ln -s /s/real /s/abs && ln -s real/f /s/f && \
    ln -s ../../../../../../s/real/f /s/far
FROM localhost/base
COPY link /followed
COPY dir-link /tree
COPY dir-link/sub /sub
COPY --from=first /s/abs /abs
COPY --from=first /s/f /f
COPY --from=first /s/far /far
COPY --from=first /s/abs/f /through
COPY --from=first /s /whole
