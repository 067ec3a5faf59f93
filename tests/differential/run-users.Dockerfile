# row 61: USER by name, number and group; supplementary groups
FROM localhost/base
USER worker
RUN id -u >/tmp/u1; id -g >/tmp/g1; id -G >/tmp/s1
USER worker:sys
RUN id -u >/tmp/u2; id -g >/tmp/g2
USER 1000
RUN id -u >/tmp/u3; id -g >/tmp/g3
USER 4321
RUN id -u >/tmp/u4; id -g >/tmp/g4
USER 12:34
RUN id -u >/tmp/u5; id -g >/tmp/g5
