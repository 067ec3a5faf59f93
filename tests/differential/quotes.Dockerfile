# facts 1.4: quotes, escapes and continued lines
FROM localhost/base
ENV A='single $B "x"' B="double \"quoted\" $HOME and \$dollar" C=un\ quoted\ \$C
ENV D="it's" E='say "hi"' F=a"b c"d'e f' G= H=""
ENV I   legacy   with  blanks  'and' "quotes"
ENV J=one\
two \
    K="three \
four"
LABEL "com.example/key"="a b" plain=$D "quoted $D"=x multi="line \
   continued" trailing=back\\slash
LABEL old form of "label"
WORKDIR "/a b"
WORKDIR c\ d
ARG SPACED="x y"
ENV L=$SPACED M="$SPACED" N='$SPACED' O=${SPACED}z P=${MISSING:-"x y"} Q="${MISSING:-$D}"
RUN echo "$A|$B|$C|$D|$E|$F|$G|$H|$I|$J|$K|$L|$M|$N|$O|$P|$Q" >env
STOPSIGNAL $MISSING${MISSING:-SIGINT}
EXPOSE ${MISSING:-80}/tcp "81"
VOLUME /v1 "/v2"
USER "0"
CMD ["a", "b \"c\"", "d\\e", "\u00e9"]
