# rows 33 34: one view of the variables an instruction, order of the list
FROM localhost/base
ENV a=1 z=26
ENV a=2 b=$a c=$b
ENV d="x y" e='$a' f=x\ y g=$a$b h="\"q\"" i=a"b"c
ENV LEGACY the rest of   the line
ENV a=3
ENV PATH=/more:$PATH
ENV empty=
RUN env | grep -v '^HOSTNAME=\|^HOME=\|^PWD=\|^SHLVL=\|^OLDPWD=' | sort >/env
