# row 36: HOME is the user's in RUN and not in the configuration
FROM localhost/base
RUN echo "$HOME" >/h1
USER worker
RUN echo "$HOME" >/tmp/h2
USER odd
RUN echo "$HOME" >/tmp/h3
USER 4321
RUN echo "$HOME" >/tmp/h4
ENV HOME=/mine
RUN echo "$HOME" >/tmp/h5
